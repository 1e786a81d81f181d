// SPDX-License-Identifier: Apache-2.0
//
// keys.js: a member's keys in the browser. ES module; other assets import it from this folder, by name. Bytes go in as Uint8Array or standard base64 text and come out
// as Uint8Array unless said otherwise. Every refusal is a Problem (see sealing.js) with a kind and a sentence that may be shown.
//
//   ready(host, office)                 resolves when the keys are open, and with `office` when that office's key is held; puts a passphrase form into the
//                                       element `host` until then
//   unlock(passphrase)                  derives the member's keys, opens the office's keys, keeps them for this tab; resolves to {member, offices}
//   unlocked()                          Promise<boolean>
//   lock()                              wipes every key, in every tab; tabs hear it as the event "waylight:locked" on document
//   me(), offices()                     Promise<{program, id}>, Promise<[{office, keyId}]> held now
//   openReport({program, id, office, wrap, ciphertext, hash, recipient})
//                                       Promise<{plaintext, contentKey}>; office = whose key opens the wrap (default: recipient)
//   openContent({program, id, office, wrap, hash, recipient})   Promise<contentKey> without the body
//   openingToken(contentKey)            Promise<base64>: proof of having opened, what the server compares with Sealed.Token
//   signStatement(text)                 Promise<base64>: Ed25519 by the member; identity.VerifySignature checks it
//   rewrap({contentKey, publicKey, program, id, hash, recipient})   Promise<base64>: the content key for another holder
//   sealNote({program, report, office, text})      Promise<base64>: padded to 256, to the office's own key
//   openNote({program, report, office, sealed})    Promise<string>
//   wrapsFor({office, publicKey})       Promise<[{keyId, wrap}]>: every key of the office that is held, for a colleague
//   signedIn()                          Promise<boolean>
//   get(url), post(url, value)          JSON in and out; fail with a Problem
//   enrol, makeOfficeKey                what joining needs (enroll.js)
//
// The seeds never stand in a variable longer than one call. They are kept encrypted in sessionStorage, which ends with the tab, under an AES key in IndexedDB
// that no script can read out. Whoever can run script on this page can use them; a copy of the browser's files cannot.
import {
  authSecret, b64, bytesOf, checkBrowser, concat, equal, hex, keyID, memberSecret, memberSeeds, noteInfo, officeKeyInfo, openBody, openFrom, openingTokenOf,
  openOfficeSeed, openWrap, padNote, Problem, publicFromSeed, random, sealTo, sha256, sign, signPublic, stretch, unb64, unpadNote, wrapContent,
} from "./sealing.js";
import { combine, formatShare, parseShare, setName, split, wordList } from "./shares.js";

export { b64, unb64, bytesOf, concat, hex, sha256, Problem, checkBrowser, stretch, authSecret, memberSecret, memberSeeds, publicFromSeed, keyID };
export { split, combine, formatShare, parseShare, setName, wordList };

const PLACE = "waylight.keys";
const channel = new BroadcastChannel(PLACE);

// ---- talking to the server

async function call(url, options) {
  let answer;
  try {
    answer = await fetch(url, { credentials: "same-origin", redirect: "manual", ...options });
  } catch {
    throw new Problem("server", "The server cannot be reached. Nothing was sent. Check the connection and try again.");
  }
  if (answer.type === "opaqueredirect" || answer.status === 401) throw new Problem("session", "Your session has ended. Sign in again; nothing was changed.");
  const json = answer.headers.get("Content-Type")?.startsWith("application/json") ? await answer.json() : null;
  if (!answer.ok) throw Object.assign(new Problem("server", json?.error?.message ?? "The server could not do this. Please try again."), { code: json?.error?.code });
  return json;
}

export const get = (url) => call(url, { method: "GET" });
export const post = (url, value) => call(url, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(value) });

// signedIn asks whether this browser has a session: a page that was reached from another site cannot tell.
export const signedIn = () => get("/staff/session").then(() => true, () => false);

// ---- keeping keys for this tab

function database() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(PLACE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore("tab");
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(new Problem("browser", "This browser does not let the page keep keys. Private windows of some browsers do that."));
  });
}

async function inStore(mode, act) {
  const db = await database();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = db.transaction("tab", mode);
      const request = act(transaction.objectStore("tab"));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(new Problem("browser", "This browser does not let the page keep keys. Private windows of some browsers do that."));
    });
  } finally {
    db.close();
  }
}

async function keep(secrets) {
  const tab = hex(random(16));
  const iv = random(12);
  const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  const data = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, new TextEncoder().encode(JSON.stringify(secrets)));
  await inStore("readwrite", (store) => store.put(key, tab));
  sessionStorage.setItem(PLACE, JSON.stringify({ tab, iv: b64(iv), data: b64(new Uint8Array(data)) }));
}

// kept returns the seeds, or null when they are locked.
async function kept() {
  const text = sessionStorage.getItem(PLACE);
  if (!text) return null;
  try {
    const { tab, iv, data } = JSON.parse(text);
    const key = await inStore("readonly", (store) => store.get(tab));
    if (!key) return null;
    const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv: unb64(iv) }, key, unb64(data));
    return JSON.parse(new TextDecoder().decode(plain));
  } catch {
    return null; // another tab locked, or the browser lost a half: ask for the passphrase again
  }
}

async function open() {
  const secrets = await kept();
  if (!secrets) throw new Problem("locked", "Your keys are locked. Type your passphrase to open them.");
  return secrets;
}

export const unlocked = async () => (await kept()) !== null;

export async function lock() {
  sessionStorage.removeItem(PLACE);
  channel.postMessage("lock");
  try {
    await inStore("readwrite", (store) => store.clear());
  } finally {
    document.dispatchEvent(new Event("waylight:locked"));
  }
}

channel.addEventListener("message", () => {
  sessionStorage.removeItem(PLACE);
  document.dispatchEvent(new Event("waylight:locked"));
});

// ---- opening them

// unlock derives the member's keys from the passphrase and the server's share, and opens the office's keys with them.
export async function unlock(passphrase) {
  await checkBrowser();
  const keys = await get("/staff/keys");
  return unlockWith(await stretch(passphrase, keys.member.salt, keys.member.iterations), keys);
}

// unlockWith is unlock for who has the stretched passphrase already.
export async function unlockWith(master, keys) {
  keys ??= await get("/staff/keys");
  const { member } = keys;
  const seeds = await memberSeeds(await memberSecret(master), member.share);
  if (!equal(await publicFromSeed(seeds.kem), bytesOf(member.kem))) throw new Problem("passphrase", "This passphrase does not open your keys.");
  const offices = [];
  for (const o of keys.offices) {
    const seed = await openOfficeSeed(seeds.kem, o.wrap, member.program, o.office, unhex(o.keyId));
    offices.push({ office: o.office, keyId: o.keyId, seed: b64(seed) });
  }
  await keep({ program: member.program, id: member.id, sign: b64(seeds.sign), offices });
  return { member: { program: member.program, id: member.id }, offices: offices.map(({ office, keyId }) => ({ office, keyId })) };
}

const unhex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));

// ready resolves when the keys are open and, where an office is named, its key is held in this tab: access that a colleague gave after the keys were opened
// counts from the next opening. Until then it asks for the passphrase inside host, and cleans up after itself.
export async function ready(host, office) {
  const open = await unlocked();
  if (open && (await holds(office))) return;
  const hint = open
    ? "Type your passphrase once more, to use the access to this office's reports that you were given."
    : "Your keys are locked in this tab. The passphrase stays in this browser.";
  await new Promise((resolve) => host.append(passphraseForm(hint, office, resolve)));
}

const holds = async (office) => !office || (await offices()).some((o) => o.office === office);

function passphraseForm(hint, office, done) {
  const input = element("input", { id: "unlock-passphrase", type: "password", autocomplete: "current-password", required: true });
  const problem = element("p", { className: "error", id: "unlock-problem" });
  const button = element("button", { type: "submit", textContent: "Open my keys" });
  const form = element("form", { className: "panel stack" },
    element("label", { htmlFor: input.id, textContent: "Passphrase" }), element("p", { className: "hint", id: "unlock-hint", textContent: hint }), input, problem, button);
  input.setAttribute("aria-describedby", "unlock-hint unlock-problem");
  problem.setAttribute("role", "alert");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    problem.textContent = "";
    try {
      await unlock(input.value);
      if (!(await holds(office))) throw noAccess();
      form.remove();
      done();
    } catch (error) {
      problem.textContent = wordsFor(error);
      input.focus();
    } finally {
      input.value = "";
      button.disabled = false;
    }
  });
  return form;
}

export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

// wordsFor is a sentence for any error.
export const wordsFor = (error) => (error instanceof Problem ? error.message : "Something went wrong in this page. Please reload it.");

// ---- using them

export async function me() {
  const { program, id } = await open();
  return { program, id };
}

export async function offices() {
  return (await open()).offices.map(({ office, keyId }) => ({ office, keyId }));
}

const noAccess = () => new Problem("open", "You do not have access to this office's reports yet. A colleague who has it can give it to you on the page of people.");

// officeSeeds are the seeds held of an office, that of its current key first.
async function officeSeeds(office) {
  const held = (await open()).offices.filter((o) => o.office === office);
  if (held.length === 0) throw noAccess();
  return held.map((o) => ({ keyId: o.keyId, seed: unb64(o.seed) }));
}

// tryEach opens with whichever key of the office fits: old reports were sealed to old keys.
async function tryEach(office, act) {
  let last;
  for (const { seed } of await officeSeeds(office)) {
    try {
      return await act(seed);
    } catch (error) {
      if (error.kind !== "open") throw error;
      last = error;
    }
  }
  throw last;
}

export function openContent({ program, id, office, wrap, hash, recipient }) {
  return tryEach(office ?? recipient, (seed) => openWrap(seed, wrap, { program, id, hash, recipient }));
}

export async function openReport({ program, id, office, wrap, ciphertext, hash, recipient }) {
  const body = bytesOf(ciphertext);
  if (!equal(await sha256(body), bytesOf(hash))) throw new Problem("open", "The stored report is not the one that was received: it was altered. Tell your administrator.");
  const contentKey = await openContent({ program, id, office, wrap, hash, recipient });
  return { plaintext: await openBody({ contentKey, ciphertext: body, program, id }), contentKey };
}

export const openingToken = async (contentKey) => b64(await openingTokenOf(contentKey));

export const signStatement = async (text) => b64(await sign(unb64((await open()).sign), text));

export async function rewrap({ contentKey, publicKey, program, id, hash, recipient }) {
  return b64(await wrapContent(contentKey, publicKey, { program, id, hash, recipient }));
}

export async function sealNote({ program, report, office, text }) {
  const [current] = await officeSeeds(office);
  return b64(await sealTo(await publicFromSeed(current.seed), padNote(text), noteInfo(program, report, office)));
}

export async function openNote({ program, report, office, sealed }) {
  return unpadNote(await tryEach(office, (seed) => openFrom(seed, sealed, noteInfo(program, report, office))));
}

export async function wrapsFor({ office, publicKey }) {
  const { program } = await open();
  const wraps = [];
  for (const { keyId, seed } of await officeSeeds(office)) {
    wraps.push({ keyId, wrap: b64(await sealTo(publicKey, seed, officeKeyInfo(program, office, unhex(keyId)))) });
  }
  return wraps;
}

// ---- joining

// enrol makes a new member's keys from the passphrase; the answer is what the server needs, and the public key to seal an office's key to.
export async function enrol({ passphrase, program, member, share }) {
  await checkBrowser();
  const salt = random(16);
  const iterations = 600000;
  const master = await stretch(passphrase, salt, iterations);
  const seeds = await memberSeeds(await memberSecret(master), share);
  const kem = await publicFromSeed(seeds.kem);
  const statement = `waylight/enroll/v1\n${program}\n${member}\n${hex(await sha256(kem))}\n`;
  return {
    salt: b64(salt), iterations, authHash: b64(await sha256(await authSecret(master))),
    kem: b64(kem), sign: b64(await signPublic(seeds.sign)), signature: b64(await sign(seeds.sign, statement)),
  };
}

// makeOfficeKey makes an office's first key: sealed to its first member and to a fresh recovery key, of which any k of n shares rebuild the seed. The seeds end here.
export async function makeOfficeKey({ program, office, memberKey, k, n }) {
  const seed = random(32);
  const recovery = random(32);
  const pub = await publicFromSeed(seed);
  const what = officeKeyInfo(program, office, await keyID(pub));
  const shares = await split(recovery, k, n);
  const key = {
    public: b64(pub),
    member: b64(await sealTo(memberKey, seed, what)),
    recovery: b64(await sealTo(await publicFromSeed(recovery), seed, what)),
  };
  seed.fill(0);
  recovery.fill(0);
  return { key, shares };
}

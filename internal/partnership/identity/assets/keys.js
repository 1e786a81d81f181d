// SPDX-License-Identifier: Apache-2.0
//
// keys.js: a member's keys in the browser. ES module; other assets import it from this folder, by name. Bytes go in as Uint8Array or standard base64 text and come out
// as Uint8Array unless said otherwise. Every refusal is a Problem (see sealing.js) with a kind and a sentence that may be shown.
//
//   ready(host, office)                 resolves when the keys are open, and with `office` when that office's key is held; asks in the element `host` for a
//                                       passkey or the passphrase until then
//   unlock(passphrase), unlockWithPasskey()   open the member's root and the office's keys, keep them for this tab; resolve to {member, offices}
//   rootFrom(host, why)                 Promise<{root, program, member}>: asks for a passkey or the passphrase anew, whether or not the keys are open
//   unlocked()                          Promise<boolean>
//   lock()                              wipes every key, in every tab; tabs hear it as the event "waylight:locked" on document
//   sinceNow()                          a function that fails with a Problem if the keys were locked after sinceNow was called: what was opened before
//                                       must not be shown, and no key be kept, once the page was wiped
//   me(), offices()                     Promise<{program, id}>, Promise<[{office, keyId}]> held now
//   keyMark(publicKey), myMark()        Promise<string>: what is read on the telephone, made from the key that is sealed to, and from this member's own root
//   openReport({program, id, office, wrap, ciphertext, hash, recipient})
//                                       Promise<{plaintext, contentKey}>; office = whose key opens the wrap (default: recipient)
//   openContent({program, id, office, wrap, hash, recipient})   Promise<contentKey> without the body
//   openingToken(contentKey)            Promise<base64>: proof of having opened, what the server compares with Sealed.Token
//   signStatement(text)                 Promise<base64>: Ed25519 by the member; identity.VerifySignature checks it
//   rewrap({contentKey, publicKey, program, id, hash, recipient})   Promise<base64>: the content key for another holder
//   sealNote({program, report, office, text})      Promise<base64>: padded to 256, to the office's own key
//   openNote({program, report, office, sealed})    Promise<string>
//   recoverOffice({office, shares, wraps})   Promise<[{keyId, wrap, signature}]>: opens with the shares what is sealed to the recovery key, for this member
//   wrapsFor({office, publicKey, holder})   Promise<[{keyId, wrap, signature}]>: every key of the office that is held, for a colleague ("member:...")
//   spokenNameOf({office, current})     Promise<string>: the current key's name, made from the key itself, to be read on the telephone
//   confirmedHolders({office, current, holders})   Promise<[holder]>: those of [{holder, key, signature}] to whom a holder gave the office's current key
//   rotateOffice({office, current, holders, recovery, send})   makes the office's next key, hands what is to be posted to send, and then holds the key
//   newParts({office, current, k, n})            Promise<{shares, parts, wraps}>: a new recovery key for every key of the office that is held
//   signedIn()                          Promise<boolean>
//   get(url), post(url, value)          JSON in and out; fail with a Problem
//   makeOfficeKey                       what joining needs (enroll.js)
//
// The seeds never stand in a variable longer than one call. They are kept encrypted in sessionStorage, which ends with the tab, under an AES key in IndexedDB
// that no script can read out. Whoever can run script on this page can use them; a copy of the browser's files cannot.
import {
  authSecret, b64, bytesOf, checkBrowser, concat, equal, hex, keyID, memberSecret, noteInfo, officeKeyInfo, openBody, openFrom, openingTokenOf,
  openOfficeSeed, openWrap, padNote, Problem, publicFromSeed, random, sealTo, sha256, sign, stretch, unb64, unpadNote, wrapContent,
} from "./sealing.js";
import { checkRecovery, isHolder, makeNextKey, makeParts, RECOVERY, signHolder, signSeed as officeSignSeed, spokenName } from "./office-key.js";
import { usePasskey } from "./passkey.js";
import { kemSeed, openRoot, signSeed, unlockKey } from "./root.js";
import { combine, formatShare, parseShare, setName, split, wordList } from "./shares.js";

export { b64, unb64, bytesOf, concat, hex, sha256, Problem, checkBrowser, stretch, authSecret, memberSecret, publicFromSeed, keyID };
export { split, combine, formatShare, parseShare, setName, wordList };
export { makeOfficeKey } from "./office-key.js";

const PLACE = "waylight.keys";
const channel = new BroadcastChannel(PLACE);

// ---- talking to the server

async function call(url, options) {
  let answer;
  try {
    answer = await fetch(url, { credentials: "same-origin", redirect: "manual", ...options });
  } catch {
    throw new Problem("server", options.method === "POST"
      ? "The server did not answer. It may have got this or not: load the page again and look, before you repeat it."
      : "The server cannot be reached. Check the connection and try again.");
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

async function keep(secrets, still) {
  const tab = hex(random(16));
  const iv = random(12);
  const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  const data = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, new TextEncoder().encode(JSON.stringify(secrets)));
  await inStore("readwrite", (store) => store.put(key, tab));
  still();
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
  if (!secrets) throw new Problem("locked", "Your keys are locked. Open them first.");
  return secrets;
}

export const unlocked = async () => (await kept()) !== null;

let locks = 0;

export function sinceNow() {
  const then = locks;
  return () => {
    if (locks !== then) throw new Problem("locked", "Your keys were locked meanwhile. Open them again.");
  };
}

export async function lock() {
  locks++;
  sessionStorage.removeItem(PLACE);
  channel.postMessage("lock");
  try {
    await inStore("readwrite", (store) => store.clear());
  } finally {
    document.dispatchEvent(new Event("waylight:locked"));
  }
}

channel.addEventListener("message", () => {
  locks++;
  sessionStorage.removeItem(PLACE);
  document.dispatchEvent(new Event("waylight:locked"));
});

// ---- opening them

// unlock opens the root with the passphrase.
export async function unlock(passphrase) {
  return keepRoot(await rootByPassphrase(passphrase));
}

// unlockWithPasskey opens the root with whichever passkey of the member answers.
export async function unlockWithPasskey() {
  return keepRoot(await rootByPasskey());
}

// unlockWith is unlock for who has the stretched passphrase already, unlockWithSecret for who has a passkey's answer ({credential, prf}).
export async function unlockWith(master) {
  return keepRoot(await rootOf(await get("/staff/keys"), "passphrase", async () => memberSecret(master)));
}

export async function unlockWithSecret({ credential, prf }) {
  if (!prf) throw cannotUnlock();
  const own = (u) => equal(bytesOf(u.credential), credential);
  return keepRoot(await rootOf(await get("/staff/keys"), "passkey", async () => prf, own));
}

const cannotUnlock = () => new Problem("passkey", "This passkey cannot open keys. Use another way in: a passkey that can, or your passphrase.");

async function rootByPassphrase(passphrase) {
  await checkBrowser();
  return rootOf(await get("/staff/keys"), "passphrase", async (u) => memberSecret(await stretch(passphrase, u.salt, u.iterations)));
}

async function rootByPasskey() {
  await checkBrowser();
  const { program, credentials } = await get("/staff/keys/ways");
  if (credentials.length === 0) throw cannotUnlock();
  const { credential, prf } = await usePasskey(program, credentials);
  if (!prf) throw cannotUnlock();
  return rootOf(await get("/staff/keys"), "passkey", async () => prf, (u) => equal(bytesOf(u.credential), credential));
}

// rootOf opens the root with the unlocker of a kind that the member's secret fits, and holds it to the public key that colleagues see.
async function rootOf(keys, kind, secretFor, own = () => true) {
  const unlocker = keys.unlockers.find((u) => u.kind === kind && own(u));
  if (!unlocker) throw new Problem(kind, kind === "passkey" ? "This passkey opens no keys any more. Use another way in." : "You have no passphrase here. Use a passkey.");
  const names = { program: keys.member.program, member: keys.member.id, unlocker: unlocker.id };
  let root;
  try {
    root = await openRoot(unlocker.sealed, await unlockKey(await secretFor(unlocker), unlocker.share), names);
  } catch (error) {
    if (error.kind !== "open" || kind !== "passphrase") throw error;
    throw new Problem("passphrase", "This passphrase does not open your keys.");
  }
  if (!equal(await publicFromSeed(kemSeed(root)), bytesOf(keys.member.kem))) {
    throw new Problem("open", "What opened is not your key. Tell your administrator before you go on.");
  }
  return { root, keys };
}

async function keepRoot({ root, keys }) {
  const still = sinceNow();
  const { member } = keys;
  const offices = [];
  for (const o of keys.offices) {
    const seed = await openOfficeSeed(kemSeed(root), o.wrap, member.program, o.office, unhex(o.keyId));
    offices.push({ office: o.office, keyId: o.keyId, seed: b64(seed) });
  }
  const secrets = { program: member.program, id: member.id, kem: member.kem, sign: b64(signSeed(root)), offices };
  root.fill(0);
  await keep(secrets, still);
  return { member: { program: member.program, id: member.id }, offices: offices.map(({ office, keyId }) => ({ office, keyId })) };
}

const unhex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));

// ready resolves when the keys are open and, where an office is named, its key is held in this tab: access that a colleague gave after the keys were opened
// counts from the next opening. Until then it asks inside host, and cleans up after itself.
export function ready(host, office) {
  const mine = (asking.get(host) ?? Promise.resolve()).catch(() => {}).then(() => readyNow(host, office));
  asking.set(host, mine);
  return mine;
}

const asking = new WeakMap(); // one question at a time in a place: whoever comes later finds the keys open

async function readyNow(host, office) {
  const secrets = await kept();
  const held = secrets !== null && (await holds(secrets, office));
  const stillOpen = await unlocked(); // or they were locked while the server was asked
  if (held && stillOpen) return;
  const hint = stillOpen ? "Open your keys once more: you were given access, or your office has a new key." : "Your keys are locked in this tab. What opens them stays in this browser.";
  await askFor(host, hint, async (found) => {
    await keepRoot(found);
    if (!(await holds(await open(), office))) throw noAccess();
  });
}

// rootFrom hands the root itself to a page that adds a way in. It asks anew, so that an open tab alone is not enough. The caller wipes the root.
export async function rootFrom(host, why) {
  let out;
  await askFor(host, why, async ({ root, keys }) => {
    out = { root, program: keys.member.program, member: keys.member.id };
  });
  return out;
}

// holds says whether the tab has every key of the office that it should: a colleague may have made a new one since.
async function holds(secrets, office) {
  if (!office) return true;
  const held = secrets.offices.filter((o) => o.office === office);
  const { keyId } = await get("/staff/office/current");
  return held.length > 0 && (!keyId || held.some((o) => o.keyId === keyId));
}

// askFor shows the ways in that the member has, and resolves when one of them has opened the root and act is content with it.
async function askFor(host, hint, act) {
  const ways = await get("/staff/keys/ways");
  await new Promise((resolve) => host.append(waysForm(hint, ways, act, resolve)));
}

function waysForm(hint, ways, act, done) {
  const input = element("input", { id: "unlock-passphrase", type: "password", autocomplete: "current-password", required: true });
  const problem = element("p", { className: "error", id: "unlock-problem" });
  const button = element("button", { type: "submit", textContent: "Open my keys" });
  const passkey = element("button", { type: "button", id: "unlock-passkey", textContent: "Open my keys with a passkey" });
  const form = element("form", { className: "panel stack" }, element("p", { className: "hint", id: "unlock-hint", textContent: hint }));
  if (ways.credentials.length > 0) form.append(passkey);
  if (ways.passphrase) {
    if (ways.credentials.length > 0) button.className = "second";
    form.append(element("label", { htmlFor: input.id, textContent: "Passphrase" }), input, button);
  }
  if (ways.credentials.length === 0 && !ways.passphrase) {
    form.append(element("p", { className: "notice", textContent: "You have no way in that opens keys. Ask your administrator for a renewal link." }));
  }
  form.append(problem);
  input.setAttribute("aria-describedby", "unlock-hint unlock-problem");
  problem.setAttribute("role", "alert");
  const attempt = async (open) => {
    button.disabled = passkey.disabled = true;
    problem.textContent = "";
    try {
      await act(await open());
      form.remove();
      done();
    } catch (error) {
      problem.textContent = wordsFor(error);
      if (ways.passphrase) input.focus();
    } finally {
      input.value = "";
      button.disabled = passkey.disabled = false;
    }
  };
  passkey.addEventListener("click", () => attempt(rootByPasskey));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(() => rootByPassphrase(input.value));
  });
  return form;
}

export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

// sayIn tells in an element of the page what went wrong.
export const sayIn = (host, error) => host.append(element("p", { className: "error", role: "alert", textContent: wordsFor(error) }));

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

// keyMark is what two people read to each other to know that they see the same key. It is always made from the key itself, never taken from the server.
export const keyMark = async (publicKey) => hex((await keyID(publicKey)).slice(0, 8)).match(/.{4}/g).join(" ");

export const myMark = async () => keyMark((await open()).kem);

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

export async function wrapsFor({ office, publicKey, holder }) {
  const { program } = await open();
  const wraps = [];
  for (const { keyId, seed } of await officeSeeds(office)) {
    const signature = holder && (await signHolder({ program, office, keyId, seed, holder, key: bytesOf(publicKey) }));
    wraps.push({ keyId, wrap: b64(await sealTo(publicKey, seed, officeKeyInfo(program, office, unhex(keyId)))), signature });
  }
  return wraps;
}

// currentOf is the office's key in use, as this tab holds it: a list of holders, or a new key, made with an older one would be out of date.
async function currentOf(office, current) {
  const now = (await officeSeeds(office)).find((k) => k.keyId === current);
  if (!now) throw new Problem("open", "Your office has a newer key than this tab holds. Lock your keys, open them again, and come back to this page.");
  return now;
}

// spokenNameOf is what somebody at the office reads to whoever keeps the directory key.
export async function spokenNameOf({ office, current }) {
  return spokenName((await currentOf(office, current)).seed);
}

export async function confirmedHolders({ office, current, holders }) {
  const { program } = await open();
  const { keyId, seed } = await currentOf(office, current);
  const out = [];
  for (const h of holders) if (await isHolder({ program, office, keyId, seed, ...h, key: bytesOf(h.key) })) out.push(h.holder);
  return out;
}

const notMyKey = () => new Problem("refused", "The server names a key as yours that is not yours. No key was made and nothing was sent. Tell your program's administrator.");

// rotateOffice holds what the server says is this member's key to the one in this tab, which was made from the root.
export async function rotateOffice({ office, current, holders, recovery, send }) {
  const secrets = await open();
  const still = sinceNow();
  const { program } = secrets;
  const now = await currentOf(office, current);
  const mine = holders.filter((h) => h.holder === `member:${secrets.id}`);
  if (mine.length !== 1 || !equal(bytesOf(mine[0].key), bytesOf(secrets.kem))) throw notMyKey();
  const to = holders.map(({ holder, key }) => ({ holder, key: bytesOf(key) }));
  if (recovery) to.push({ holder: RECOVERY, key: await checkRecovery({ program, office, recovery, held: await officeSeeds(office) }) });
  const { keyId, seed, body } = await makeNextKey({ program, office, current: now, holders: to });
  await send(body);
  const offices = [{ office, keyId, seed: b64(seed) }, ...secrets.offices];
  seed.fill(0);
  await keep({ ...secrets, offices }, still).catch((error) => { // locked meanwhile: the new key was sent, and opens with the others
    if (error.kind !== "locked") throw error;
  });
}

export async function newParts({ office, current, k, n }) {
  const { program } = await open();
  const { seed } = await currentOf(office, current);
  const made = await makeParts({ program, office, seed, k, n });
  const wraps = [];
  for (const held of await officeSeeds(office)) {
    wraps.push({ keyId: held.keyId, sealed: b64(await sealTo(made.public, held.seed, officeKeyInfo(program, office, unhex(held.keyId)))) });
  }
  return { shares: made.shares, parts: made.parts, wraps };
}

const recoveredStatement = ({ program, office, member, keyId, wrap }) => `waylight/recovered/v1\n${program}\n${office}\n${member}\n${keyId}\n${wrap}\n`;

// recoverOffice rebuilds the recovery key from its shares, opens every key of the office that is sealed to it ([{keyId, sealed}]) and seals them to this member. Each is
// signed for with the office key itself: the server takes no wrap from who has not opened it. The seeds end here.
export async function recoverOffice({ office, shares, wraps }) {
  const { program, id, kem } = await open();
  const recovery = await combine(shares);
  const out = [];
  for (const { keyId, sealed } of wraps) {
    let seed;
    try {
      seed = await openOfficeSeed(recovery, sealed, program, office, unhex(keyId));
    } catch (error) {
      if (error.kind !== "open") throw error;
      continue; // sealed to an earlier recovery key
    }
    const wrap = await sealTo(kem, seed, officeKeyInfo(program, office, unhex(keyId)));
    const statement = recoveredStatement({ program, office, member: id, keyId, wrap: hex(await sha256(wrap)) });
    const holder = await signHolder({ program, office, keyId, seed, holder: `member:${id}`, key: bytesOf(kem) });
    out.push({ keyId, wrap: b64(wrap), holder, signature: b64(await sign(await officeSignSeed(seed), statement)) });
    seed.fill(0);
  }
  recovery.fill(0);
  if (out.length === 0) throw new Problem("shares", "These parts fit together, but they open no key of your office. They belong to another office, or to an older set.");
  return out;
}

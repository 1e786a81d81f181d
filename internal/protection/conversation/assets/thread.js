// SPDX-License-Identifier: Apache-2.0
//
// thread.js: the messages of one report in a member's browser. The server sends ciphertext; the words exist on this page alone and are wiped when it is left or
// the keys are locked. That a sender's message was opened is proved with its opening token.
import { b64, hex } from "./bytes.js";
import { element, get, keyID, offices, openReport, openingToken, post, Problem, ready, rewrap, sinceNow, wordsFor } from "./keys.js";
import { newID, packed, signedBy, unpacked } from "./messagewords.js";
import { receiver } from "./receivers.js";
import { sealBody } from "./sealing.js";

const box = document.getElementById("thread");
const { report, program, office, after } = box.dataset;
const here = `/staff/report/${report}/messages`;
const byId = (id) => document.getElementById(id);
const say = byId("say"), openButton = byId("open"), form = byId("write-form");

// named is what the sender's own sealed report says of the keys of its receipt, {key, sign}, or null where that is not known.
let named = null;
// shut is set when the report did not open: then nobody here can say whose key the page names, and nothing is sealed to it.
let shut = false;
// strange is set when the sender's key is not the one that the sender named: nothing may be sealed to it.
let strange = false;
// unsent is what was sealed and not yet kept, so that sending it again is the same message.
let unsent = null;

async function attempt(button, act) {
  if (button) button.disabled = true;
  say.textContent = "";
  try {
    await act();
  } catch (error) {
    say.textContent = wordsFor(error);
    say.className = "error";
  } finally {
    if (button) button.disabled = false;
  }
}

const ways = { call: "call", text: "text", write: "write by e-mail or letter", voicemail: "leave a voice message" };

function contactLines(choices) {
  const may = choices.reach.map((w) => ways[w] ?? w).join(", ");
  const lines = [["They may be reached", may ? `We may ${may}` : "Only here, with the seven words"]];
  for (const [name, key] of [["At", "contact"], ["Say that we are", "as_whom"], ["When it is safe", "when_safe"], ["In the language", "contact_language"]]) {
    if (choices[key]) lines.push([name, choices[key]]);
  }
  const list = element("dl", { className: "facts" });
  for (const [name, text] of lines) list.append(element("dt", { textContent: name }), element("dd", { textContent: text, dir: "auto" }));
  return list;
}

// askReport reads in the sealed report whose keys the sender has, so that this page need not take the server's word for it.
async function askReport() {
  try {
    const sealed = await get(`/staff/report/${report}/sealed`);
    const { plaintext } = await openReport({ program, id: report, office, wrap: sealed.wrap, ciphertext: sealed.ciphertext, hash: sealed.hash, recipient: office });
    named = JSON.parse(new TextDecoder().decode(plaintext)).reply ?? null;
    shut = false;
  } catch {
    named = null;
    shut = true;
  }
}

const notChecked = "The report itself did not open, so this page cannot check to whom it would write. Reading works, sending does not. Load the page again, or open the report first.";
const unsure = {
  unknown: "Nobody can say whether the sender wrote this: the sealed report does not name the sender's keys, or did not open. Act on it only after you checked it another way.",
  unsigned: "This does not carry the sender's signature. Somebody else may have written it. Act on it only after you checked it another way.",
};

// doubt says why a message may not be the sender's, or nothing.
async function doubt(m, plaintext) {
  if (m.side !== "sender") return "";
  if (!named) return unsure.unknown;
  return (await signedBy(named.sign, plaintext, { program, office, id: m.id })) ? "" : unsure.unsigned;
}

function show(message, words, warning) {
  const host = byId(`m-${message.id}`)?.querySelector("[data-words]");
  if (!host) return;
  host.replaceChildren(words.contact ? contactLines(words.contact) : element("blockquote", { textContent: words.text, dir: "auto", lang: words.language }));
  if (warning) host.prepend(element("p", { className: "notice notice-strong", textContent: warning }));
  if (message.answers) host.append(element("p", { className: "meta" }, "Answers ", element("a", { href: `#m-${message.answers}`, textContent: "this message" })));
  host.hidden = false;
}

// passOver lets the member say that nothing needs an answer although this message does not open: the server refuses that for what nobody tried to open.
function passOver(id) {
  const settle = byId("settle");
  if (settle && !settle.querySelector(`[value="${id}"]`)) settle.append(element("input", { type: "hidden", name: "shut", value: id }));
}

async function open() {
  await ready(byId("keys"), office);
  const still = sinceNow();
  await askReport();
  strange = Boolean(named) && named.key !== box.dataset.replyId;
  const { messages } = await get(`${here}/sealed?after=${encodeURIComponent(after)}`);
  still();
  const opened = [];
  let closed = 0;
  for (const m of messages) {
    try {
      const { plaintext, contentKey } = await openReport({ program, id: m.id, office, wrap: m.wrap, ciphertext: m.body, hash: m.hash, recipient: office });
      const words = unpacked(plaintext, { report, office, kind: m.kind, answers: m.answers });
      if (!named && m.side === "sender" && words.from !== box.dataset.replyId) strange = true;
      const warning = await doubt(m, plaintext);
      still();
      show(m, words, warning);
      if (!m.read) opened.push({ id: m.id, token: await openingToken(contentKey) });
    } catch (error) {
      if (error.kind === "locked") throw error; // or it would count as one that does not open
      closed++;
      if (!m.read) passOver(m.id);
      const host = byId(`m-${m.id}`)?.querySelector("[data-words]");
      host?.replaceChildren(element("p", { className: "error", textContent: wordsFor(error) }));
      if (host) host.hidden = false;
    }
  }
  still();
  if (opened.length > 0) await post(`${here}/read`, { opened });
  still();
  openButton.hidden = true;
  if (form) {
    form.hidden = false;
    byId("write-before").hidden = true;
  }
  if (shut) throw new Problem("refused", notChecked);
  if (strange) throw new Problem("refused", "The key to which answers would be sealed is not the one that the sender named. Do not write; tell your administrator.");
  say.className = closed ? "error" : "good";
  say.textContent = closed ? `${closed} of ${messages.length} messages could not be opened.` : "Opened. The words are on this page only.";
}

// close wipes the words.
function close() {
  for (const host of document.querySelectorAll("[data-words]")) {
    host.replaceChildren();
    host.hidden = true;
  }
  if (form) {
    byId("text").value = "";
    form.hidden = true;
    byId("write-before").hidden = false;
  }
  unsent = null;
  openButton.hidden = false;
}

async function seal(kind, text) {
  const held = (await offices()).filter((o) => o.office === office);
  const { key, keyId: mine } = await receiver({ chain: box.dataset.chain, program, office });
  if (!held.some((o) => o.keyId === mine)) {
    throw new Problem("refused", "This page names a key of your office that you do not hold. Sign in again; if that does not help, tell your administrator.");
  }
  if (shut) throw new Problem("refused", notChecked);
  if (strange || hex(await keyID(box.dataset.reply)) !== box.dataset.replyId) throw new Problem("refused", "The sender's key is not the right one. Nothing was sent.");
  const id = newID();
  const { ciphertext, contentKey, hash } = await sealBody({ plaintext: packed({ report, office, kind, language: "en", text }), program, id });
  const bound = { contentKey, program, id, hash };
  return {
    id, kind, answers: "", body: b64(ciphertext), key_id: mine,
    wrap: await rewrap({ ...bound, publicKey: key, recipient: office }),
    reply: await rewrap({ ...bound, publicKey: box.dataset.reply, recipient: "receipt" }),
  };
}

async function write() {
  const kind = byId("kind").value, text = byId("text").value.trim();
  if (!text) return;
  if (unsent?.text !== text || unsent.kind !== kind) unsent = { text, kind, message: await seal(kind, text) };
  const sure = (byId("first")?.checked ?? true) && (kind !== "release" || byId("outcome").checked);
  await post(`${here}/${kind === "release" ? "release" : "write"}`, { ...unsent.message, sure });
  location.assign(`${here}?done=written`);
}

openButton.hidden = false;
openButton.addEventListener("click", () => attempt(openButton, open));
if (form) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(event.submitter, write);
  });
  byId("kind").addEventListener("change", () => {
    const outcome = byId("kind").value === "release";
    byId("release-warning").hidden = !outcome;
    byId("outcome").required = outcome;
  });
}
addEventListener("pagehide", close);
document.addEventListener("waylight:locked", close);

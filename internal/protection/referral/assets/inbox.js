// SPDX-License-Identifier: Apache-2.0
//
// inbox.js: opening a report, and what follows from it, in a member's browser. The server sends ciphertext; the words exist on this page alone and are wiped when
// it is left or the keys are locked. Opening is proved to the server with the opening token and the member's signature over what was opened.
import { bytesOf, element, get, hex, keyID, offices, openNote, openReport, openingToken, post, Problem, ready, rewrap, sealNote, signStatement, sinceNow, wordsFor } from "./keys.js";
import { answersList, wrapNamed } from "./named.js";
import { receiver } from "./receivers.js";

const box = document.getElementById("reader");
const { report, program, office, member } = box.dataset;
const here = `/staff/report/${report}`;
const say = document.getElementById("say");
const words = document.getElementById("words");
const openButton = document.getElementById("open");
const printButton = document.getElementById("print");
const byId = (id) => document.getElementById(id);

// opened holds what later acts need; null while the words are closed.
let opened = null;

// attempt runs an act of the page, with its button off meanwhile, and says what went wrong.
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

function tell(text) {
  say.className = "good";
  say.textContent = text;
}

// statement must be the same as referral.OpenedStatement.
const statement = (hash) => `waylight/opened/v1\nprogram ${program}\nreport ${report}\nbody ${hex(hash)}\noffice ${office}\nmember ${member}\n`;

async function open() {
  await ready(byId("keys"), office);
  const still = sinceNow();
  const sealed = await get(`${here}/sealed`);
  const hash = bytesOf(sealed.hash);
  const { plaintext, contentKey } = await openReport({ program, id: report, office, wrap: sealed.wrap, ciphertext: sealed.ciphertext, hash, recipient: office });
  await post(`${here}/opened`, { token: await openingToken(contentKey), signature: await signStatement(statement(hash)) });
  const body = JSON.parse(new TextDecoder().decode(plaintext));
  const replies = await repliesOf(body, sealed.reply_key);
  still();
  opened = { contentKey, hash };
  show(body, sealed, replies);
  openButton.hidden = true;
  printButton.hidden = false;
  for (const form of document.querySelectorAll("form[data-after-open]")) form.hidden = false;
  for (const hint of document.querySelectorAll("[data-before-open]")) hint.hidden = true;
  for (const button of document.querySelectorAll("button[data-rewrap], #refer-form button")) button.disabled = false;
  tell("Opened. The words are on this page only.");
  words.focus();
}

// repliesOf says what there is to know about the key for messages to the sender: the server names one, and the sender's side sealed one with the words.
async function repliesOf(body, named) {
  if (!body.reply) return element("p", { className: "meta", textContent: "This report does not say which key messages to its sender are sealed to." });
  if (body.reply.key === hex(await keyID(named))) return "";
  return element("p", { id: "other-key", className: "notice notice-strong", textContent: "The key for messages to the sender is not the one that was sealed with these words. Somebody else may be able to read what you write. Do not write to the sender here, and tell whoever runs the program now." });
}

// show writes the answers in the order of the form, each under its question, in the sender's own words.
function show(body, sealed, replies) {
  const how = sealed.sealed_by === "browser" ? "Sealed in the sender's browser." : "Sealed on the server, in memory, before anything was stored.";
  words.replaceChildren(replies, answersList(body, sealed.questions), element("p", { className: "meta", textContent: `${how} Sent in the language "${body.language}".` }));
  words.hidden = false;
}

// close wipes the words.
function close() {
  opened = null;
  words.replaceChildren();
  words.hidden = true;
  printButton.hidden = true;
  openButton.hidden = false;
  if (showNotes) closeNotes();
  for (const button of document.querySelectorAll("button[data-rewrap], #refer-form button")) button.disabled = true;
}

openButton.hidden = false;
openButton.addEventListener("click", () => attempt(openButton, open));
printButton.addEventListener("click", () => print());
addEventListener("beforeprint", () => { if (opened) post(`${here}/printed`, {}).catch(() => {}); });
addEventListener("pagehide", close);
document.addEventListener("waylight:locked", close);

// ---- sending the key to other offices

// wrapFor wraps the words for an office, as the server is told of it.
async function wrapFor(to, chain) {
  if (!opened) throw new Problem("locked", "Open the words first. Nothing was sent.");
  const { contentKey, hash } = opened;
  const { key, keyId } = await receiver({ chain, program, office: to });
  return { office: to, key_id: keyId, wrap: await rewrap({ contentKey, publicKey: key, program, id: report, hash, recipient: to }) };
}

const refer = byId("refer-form");
refer?.addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(event.submitter, async () => {
    const to = byId("refer-office").selectedOptions[0];
    const wrap = await wrapFor(to.value, to.dataset.chain);
    const named = byId("refer-named")?.checked ? { reporter: (await wrapNamed(to)).wrap } : {};
    await post(`${here}/refer`, { ...wrap, basis: byId("refer-basis")?.value ?? "", ...named });
    location.assign(`${here}?done=referred`);
  });
});

for (const button of document.querySelectorAll("button[data-rewrap]")) {
  button.addEventListener("click", () => attempt(button, async () => {
    const wrap = await wrapFor(button.dataset.rewrap, button.dataset.chain);
    await post(`${here}/rewrap`, { ...wrap, basis: "" });
    location.assign(`${here}?done=rewrapped`);
  }));
}

// ---- the office's own notes

const showNotes = byId("show-notes");
const noteForm = byId("note-form");

// closeNotes wipes them, the one that is being written too.
function closeNotes() {
  byId("note-list").replaceChildren();
  byId("note").value = "";
  noteForm.hidden = true;
  showNotes.hidden = false;
}

async function listNotes() {
  await ready(byId("keys"), office);
  const still = sinceNow();
  const { notes } = await get(`${here}/notes`);
  const items = [];
  for (const note of notes) {
    let text;
    try {
      text = await openNote({ program, report, office, sealed: note.body });
    } catch (error) {
      if (error.kind === "locked") throw error;
      text = "This note cannot be opened with your keys.";
    }
    items.push(element("li", {}, element("p", { className: "meta", textContent: `${note.at}, ${note.who}` }), element("blockquote", { textContent: text, dir: "auto" })));
  }
  if (items.length === 0) items.push(element("li", { textContent: "No notes yet." }));
  still();
  byId("note-list").replaceChildren(...items);
  showNotes.hidden = true;
  noteForm.hidden = false;
}

if (showNotes) {
  showNotes.hidden = false;
  showNotes.addEventListener("click", () => attempt(showNotes, listNotes));
  noteForm.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = byId("note").value.trim();
    if (!text) return;
    attempt(event.submitter, async () => {
      const held = (await offices()).find((o) => o.office === office);
      await post(`${here}/note`, { key_id: held?.keyId ?? "", body: await sealNote({ program, report, office, text }) });
      byId("note").value = "";
      await listNotes();
    });
  });
}

// ---- who answered an operator: sealed before the form leaves

const complete = document.querySelector("form[data-seal-answered]");
complete?.addEventListener("submit", (event) => {
  const who = byId("who").value.trim();
  if (!who || complete.answered.value) return;
  event.preventDefault();
  attempt(event.submitter, async () => {
    await ready(byId("keys"), office);
    complete.answered.value = await sealNote({ program, report, office, text: who });
    byId("who").value = "";
    complete.submit();
  });
});

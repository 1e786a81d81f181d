// SPDX-License-Identifier: Apache-2.0
//
// messages.js: what offices wrote to the holder of a receipt, opened in this browser, and what is written back, sealed in it. The seven words and what is made of
// them stay in this page's memory: the server gets the lookup alone. The page works without this file; then the server opens and seals, and says so.
//
// A page that already knows a receipt says so by the event "receipt" on the document, with {lookup, seed, signSeed} in its detail.
import { b64, hex, Problem, random } from "./bytes.js";
import { canVerify, verifyChain } from "./directory.js";
import { checked, newID, packedSigned, unpacked } from "./messagewords.js";
import pinned from "./pinned.js";
import { parseReceipt, receiptKeys } from "./receipt.js";
import { keyID, openBody, openWrap, publicFromSeed, sealBody, sign, wrapContent } from "./sealing.js";

const form = document.getElementById("messages-find");
const lang = document.documentElement.lang;
const WAYS = ["call", "text", "write", "voicemail"];

const make = (tag, properties = {}, ...children) => {
  const el = Object.assign(document.createElement(tag), properties);
  el.append(...children);
  return el;
};

// post asks the server. A refusal is a Problem with the server's own sentence, in the page's language.
async function post(path, value) {
  let answer, json;
  try {
    answer = await fetch(path, { method: "POST", credentials: "omit", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ lang, ...value }) });
    json = await answer.json();
  } catch {
    throw new Problem("unsure", "");
  }
  if (!answer.ok) throw Object.assign(new Problem("server", json.error?.message ?? ""), { code: json.error?.code });
  return json;
}

// mailbox is one receipt's messages on this page.
class Mailbox {
  constructor(host, keys) {
    this.host = host;
    this.keys = keys;
    this.lookup = b64(keys.lookup);
  }

  t(name, values = {}) {
    return (this.words[name] ?? "").replace(/\{(\w+)\}/g, (all, key) => values[key] ?? all);
  }

  // load finds, opens and draws everything.
  async load() {
    Object.assign(this, await post("/receipt/messages/find", { lookup: this.lookup }));
    this.seals = Boolean(pinned[this.program]) && (await canVerify());
    for (const thread of this.threads) for (const m of thread.messages) if (m.side === "office") await this.open(thread, m);
  }

  async open(thread, m) {
    try {
      const body = await checked(m.body, m.hash);
      const contentKey = await openWrap(this.keys.seed, m.wrap, { program: this.program, id: m.id, hash: m.hash, recipient: "receipt" });
      const plaintext = await openBody({ contentKey, ciphertext: body, program: this.program, id: m.id });
      m.opened = unpacked(plaintext, { report: this.report, office: thread.office, kind: m.kind, answers: m.answers });
    } catch {
      m.opened = null; // shown as one that cannot be opened
    }
  }

  // keep seals words for one office, or lets the server seal them where this browser cannot know whose key it is. Sent again, they are the same message.
  async keep(thread, words, held) {
    const text = JSON.stringify(words);
    if (held.text !== text) held = Object.assign(held, { text, value: await this.sealed(thread, words) });
    await post("/receipt/messages/keep", { lookup: this.lookup, office: thread.office, ...held.value });
  }

  async sealed(thread, words) {
    if (!this.seals) return { nonce: hex(random(16)), plain: { v: 1, ...words } };
    const key = await verifyChain(thread.chain, pinned[this.program], this.program, thread.office);
    const from = hex(await keyID(await publicFromSeed(this.keys.seed)));
    const id = newID();
    const plaintext = await packedSigned({ ...words, from }, { program: this.program, office: thread.office, id }, (text) => sign(this.keys.signSeed, text));
    const { ciphertext, contentKey, hash } = await sealBody({ plaintext, program: this.program, id });
    const wrap = await wrapContent(contentKey, key, { program: this.program, id, hash, recipient: thread.office });
    return { message: { id, kind: words.kind, answers: words.answers ?? "", body: b64(ciphertext), key_id: hex(await keyID(key)), wrap: b64(wrap) } };
  }

  // ---- drawing

  draw(note) {
    const parts = [make("p", { className: "notice", textContent: this.t("browser") }), make("p", { textContent: this.t("care") })];
    if (note) parts.unshift(make("p", { className: "good", role: "status", tabIndex: -1, textContent: note }));
    for (const thread of this.threads) parts.push(this.section(thread));
    if (this.threads.length === 0) parts.push(make("p", { textContent: this.t("none") }));
    this.host.replaceChildren(...parts, make("p", { textContent: this.t("more") }));
    if (note) this.host.querySelector("[role=status]").focus();
  }

  section(thread) {
    const title = make("h2", { id: `t-${thread.office}`, textContent: thread.name, tabIndex: -1 });
    const part = make("section", { className: "panel stack" }, title);
    part.setAttribute("aria-labelledby", title.id);
    const needs = thread.messages.filter((m) => m.open && m.kind === "need");
    if (needs.length) part.append(make("h3", { textContent: this.t("needs") }), make("ul", { className: "stack" }, ...needs.map((m) => make("li", {}, this.text(m)))));
    part.append(make("h3", { textContent: this.t("all") }), make("ol", { className: "stack" }, ...thread.messages.map((m) => this.item(m))));
    if (thread.ended) part.append(make("p", { className: "notice", textContent: this.t("ended") }));
    else part.append(make("h3", { textContent: this.t("write") }), this.writing(thread), this.contact(thread));
    return part;
  }

  text(m) {
    if (!m.opened) return make("p", { className: "error", textContent: this.t("shut") });
    return make("blockquote", { textContent: m.opened.text, dir: "auto", lang: m.opened.language });
  }

  item(m) {
    if (m.side === "sender") return make("li", {}, make("p", { className: "meta", textContent: `${m.label}. ${this.t("hidden")}` }));
    return make("li", {}, make("p", { className: "meta" }, make("b", { textContent: m.label }), " " + this.t("on", { time: m.when })), this.text(m));
  }

  // field is a label with its input, and a hint.
  field(id, label, input, hint) {
    input.id = id;
    const parts = [make("label", { htmlFor: id, textContent: label })];
    if (hint) {
      parts.push(make("p", { className: "hint", id: `${id}-hint`, textContent: hint }));
      input.setAttribute("aria-describedby", `${id}-hint`);
    }
    return make("div", {}, ...parts, input);
  }

  // sending is a form that keeps what words() makes of it.
  sending(thread, button, parts, words) {
    const held = {}, problem = make("p", { className: "error" });
    problem.setAttribute("role", "alert");
    const el = make("form", { className: "stack", autocomplete: "off" }, ...parts, problem, make("p", {}, button));
    el.addEventListener("submit", async (event) => {
      event.preventDefault();
      const what = words();
      if (!what) return;
      button.disabled = true;
      problem.textContent = "";
      try {
        await this.keep(thread, { report: this.report, office: thread.office, language: lang, ...what }, held);
        await this.load();
        this.draw(this.t("sent"));
      } catch (error) {
        if (error.code === "keys_changed" || error.code === "taken") await this.again(thread, held);
        problem.textContent = error.kind === "server" ? error.message : this.t(error.kind === "chain" || error.kind === "unsure" ? error.kind : "broken");
      } finally {
        button.disabled = false;
      }
    });
    return el;
  }

  // again fetches the office's new key; what was typed stays, and is sealed anew.
  async again(thread, held) {
    held.text = "";
    try {
      const { threads } = await post("/receipt/messages/find", { lookup: this.lookup });
      thread.chain = threads.find((t) => t.office === thread.office)?.chain ?? null;
    } catch { /* the next try says what is wrong */ }
  }

  get how() {
    return this.t(this.seals ? "send_browser" : "send_server");
  }

  writing(thread) {
    const about = make("select", {}, ...thread.messages.filter((m) => m.open).map((m) => make("option", { value: m.id, textContent: m.label })),
      make("option", { value: "", textContent: this.t("other") }));
    about.value = thread.about;
    const text = make("textarea", { rows: 5, maxLength: 20000, required: true });
    const parts = [this.field(`answers-${thread.office}`, this.t("about"), about), this.field(`text-${thread.office}`, this.t("label"), text, `${this.t("hint")} ${this.how}`)];
    return this.sending(thread, make("button", { textContent: this.t("send") }), parts, () => {
      if (!text.value.trim()) return null;
      return about.value ? { kind: "answer", answers: about.value, text: text.value.trim() } : { kind: "note", text: text.value.trim() };
    });
  }

  contact(thread) {
    const boxes = WAYS.map((way) => make("input", { type: "checkbox", value: way, id: `reach-${thread.office}-${way}` }));
    const choices = make("div", { className: "choices" }, ...boxes.map((box) =>
      make("div", { className: "choice" }, box, make("label", { htmlFor: box.id, textContent: this.t(`way_${box.value}`) }))));
    const parts = [make("fieldset", {}, make("legend", { textContent: this.t("contact_hint") }), choices)];
    const inputs = {};
    for (const [name, label] of [["contact", "at"], ["as_whom", "as_whom"], ["when_safe", "when_safe"], ["contact_language", "language"]]) {
      inputs[name] = make("input", { maxLength: 500 });
      parts.push(this.field(`${name}-${thread.office}`, this.t(label), inputs[name]));
    }
    parts.push(make("p", { className: "hint", textContent: this.how }));
    const el = this.sending(thread, make("button", { className: "second", textContent: this.t("contact_send") }), parts, () => {
      const contact = { reach: boxes.filter((box) => box.checked).map((box) => box.value) };
      for (const [name, input] of Object.entries(inputs)) if (input.value.trim()) contact[name] = input.value.trim();
      return { kind: "contact", contact };
    });
    return make("details", { className: "stack" }, make("summary", { textContent: this.t("contact") }), el);
  }
}

// show draws a receipt's messages where the page has a place for them.
async function show(keys) {
  const host = document.getElementById("messages-host");
  if (!host) return;
  const box = new Mailbox(host, keys);
  await box.load();
  box.draw();
}

// The receipt's own page found the report, and says so. Where that fails, the link in its place leads to this room's own page.
document.addEventListener("receipt", ({ detail }) => show(detail).catch(() => {}));

// This room's own page asks for the words, and reads them here.
if (form) {
  const say = document.getElementById("messages-say");
  document.getElementById("messages-kept").hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const typed = form.elements.receipt, button = form.querySelector("button");
    say.textContent = "";
    say.className = "";
    button.disabled = true;
    try {
      const { secret } = await parseReceipt(typed.value);
      await show(await receiptKeys(secret));
      typed.value = "";
      form.hidden = true;
      document.querySelector("h1")?.focus();
    } catch (error) {
      say.className = "error";
      say.textContent = explain(error);
      typed.setAttribute("aria-invalid", "true");
      typed.focus();
    } finally {
      button.disabled = false;
    }
  });

  // explain says in the page's language what is wrong with typed words. What the server knows is said by it.
  const explain = (error) => {
    const said = form.dataset;
    if (error.code === "word") {
      const suggest = error.suggestions.length ? " " + said.suggest.replace("{words}", error.suggestions.join(", ")) : "";
      return said.word.replace("{position}", error.position) + suggest;
    }
    if (error.code === "count") return said.count.replace("{count}", error.have).replace("{want}", error.want);
    if (error.code === "checksum") return said.unknown;
    return error.kind === "server" && error.message ? error.message : said.away;
  };
}

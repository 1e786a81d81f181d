// SPDX-License-Identifier: Apache-2.0
//
// filesend.js: adding files under a receipt, with progress, pausing and going on. The page works without this file; then the server seals, and says so.
//
// A page that already knows a receipt says so by the event "receipt" on the document, with {secret} or {lookup, seed} as its detail. There the files have a
// part of their own at the end of the page, or in the element "files-host" if there is one.
import { Problem } from "./bytes.js";
import { canVerify } from "./directory.js";
import { drawable, find, readersOf, Upload, withoutHiddenData } from "./fileupload.js";
import pinned from "./pinned.js";
import { parseReceipt, receiptKeys } from "./receipt.js";

const AT_ONCE = 2;
const OFFERS = { waiting: [], paused: ["resume", "stop"], failed: ["again"], whole: [], stopped: [], copy: [] }; // else: pause, stop
const FINAL = /^file_(size|size_before|empty|count|report_full|name)$/; // trying again would not help
const lang = document.documentElement.lang;
const byId = (id) => document.getElementById(id);

const make = (tag, properties = {}, ...children) => {
  const el = Object.assign(document.createElement(tag), properties);
  el.append(...children);
  return el;
};

// Box is the place where files are added for one receipt.
class Box {
  constructor(keys) {
    Object.assign(this, { keys, waiting: [], taken: new Set(), busy: 0, rows: 0 });
  }

  t(name, values = {}) {
    return (this.found.words[name] ?? "").replace(/\{(\w+)\}/g, (all, key) => values[key] ?? all);
  }

  // load asks what is there. It is false where this browser cannot know whose keys it would seal to.
  async load() {
    this.found = await find(this.keys.lookup, lang);
    const key = pinned[this.found.program];
    if (!key || !globalThis.isSecureContext || !(await canVerify()) || !this.found.all) return false;
    this.readers = await readersOf(this.found, key);
    return true;
  }

  draw(host) {
    this.input = make("input", { type: "file", id: "files-choose", multiple: true });
    this.input.setAttribute("aria-describedby", "files-choose-hint");
    this.input.addEventListener("change", () => {
      for (const file of this.input.files) this.add(file);
      this.input.value = "";
    });
    this.list = make("ul", { id: "files-rows", className: "stack" });
    this.say = make("p", { className: "vh", id: "files-heard" });
    this.say.setAttribute("role", "status");
    const parts = [
      make("h2", { id: "files-title", textContent: this.t("heading"), tabIndex: -1 }),
      make("p", { textContent: this.t("device") }), make("p", { textContent: this.t("photo") }),
      ...this.unfinished() ? [make("p", { className: "notice notice-strong", textContent: this.t("unfinished") })] : [],
      make("p", {}, make("label", { className: "q-label", htmlFor: "files-choose", textContent: this.t("choose") })),
      make("p", { className: "hint", id: "files-choose-hint", textContent: `${this.t("drop")} ${this.t("limit")}` }),
      this.input, this.list, this.say, make("p", { className: "hint", textContent: `${this.t("leave")} ${this.t("hidden")}` }),
    ];
    if (this.found.files.length) {
      parts.push(make("h3", { textContent: this.t("sent") }), make("ul", {}, ...this.found.files.map((f) => make("li", { textContent: f.line }))));
    }
    host.replaceChildren(...parts);
  }

  unfinished() {
    return this.found.files.some((f) => f.resume && f.parts > 0);
  }

  add(file) {
    const row = this.row(file);
    this.waiting.push(row);
    this.next();
  }

  // row is one file on the page.
  row(file) {
    const n = ++this.rows;
    const name = make("b", { textContent: this.t("name", { name: file.name }), dir: "auto", id: `file-${n}` });
    const bar = make("progress", { max: 1, value: 0 });
    bar.setAttribute("aria-labelledby", name.id);
    const state = make("span", { className: "meta", textContent: this.t("waiting") });
    const buttons = make("span", { className: "buttons" });
    const row = { file, name, bar, state, buttons, li: make("li", { className: "panel" }, name, " ", bar, " ", state, " ", buttons) };
    row.li.dataset.state = "waiting";
    this.list.append(row.li);
    return row;
  }

  button(row, word, act) {
    const button = make("button", { type: "button", className: "second small", textContent: this.t(word) });
    button.setAttribute("aria-describedby", row.name.id);
    button.addEventListener("click", act);
    return button;
  }

  // show says how a file stands. What a person must hear is spoken; how far it is can be asked of the bar.
  show(row, state, detail) {
    row.li.dataset.state = state;
    if (state === "sending") {
      row.bar.value = detail;
      row.state.textContent = this.t("sending", { percent: Math.floor(100 * detail) });
    } else {
      row.state.textContent = state === "failed" ? this.t(`error_${detail}`) || this.t("error_other") : this.t(state);
      if (state !== "locking") this.say.textContent = `${row.file.name}: ${row.state.textContent}`;
    }
    row.state.className = { whole: "good", failed: "error" }[state] ?? "meta";
    row.bar.hidden = ["whole", "failed", "stopped"].includes(state);
    this.offer(row, state === "failed" && FINAL.test(detail) ? [] : OFFERS[state] ?? ["pause", "stop"]);
  }

  // offer shows the buttons that a file has now.
  offer(row, words) {
    if (row.offered === String(words)) return;
    row.offered = String(words);
    const acts = {
      pause: () => row.upload.pause(), stop: () => row.upload.stop(), again: () => this.retry(row),
      resume: () => { row.upload.resume(); this.show(row, "sending", row.bar.value); },
    };
    const focused = row.buttons.contains(document.activeElement);
    row.buttons.replaceChildren(...words.map((word) => this.button(row, word, acts[word])));
    if (focused) row.buttons.querySelector("button")?.focus();
  }

  retry(row) {
    this.waiting.push(row);
    row.state.textContent = this.t("waiting");
    this.offer(row, []);
    this.next();
  }

  // next sends what waits, two files at once.
  async next() {
    if (this.busy >= AT_ONCE || this.waiting.length === 0) return;
    const row = this.waiting.shift();
    this.busy++;
    try {
      await this.send(row);
    } finally {
      this.busy--;
      this.next();
    }
  }

  async send(row) {
    const { file } = row;
    const info = { name: file.name, type: file.type, size: file.size, modified: file.lastModified ?? null };
    const copied = drawable(file);
    row.upload = new Upload(this, file, info, (state, detail) => this.show(row, state === "whole" && copied ? "copy" : state, detail));
    this.next();
    try { // keys may have changed since the page was opened, and more may have arrived of a file than this page heard of
      this.found = await find(this.keys.lookup, lang);
      this.readers = await readersOf(this.found, pinned[this.found.program]);
    } catch { /* what was known before is used; the server says if it is too old */ }
    if (!(await row.upload.run()) || !copied) return;
    const copy = await withoutHiddenData(file);
    const second = copy && { name: file.name, type: copy.type, size: copy.size, modified: null };
    const made = copy && await new Upload(this, copy, second, () => {}, row.upload.id).run();
    this.show(row, "whole");
    if (!made) row.state.textContent += ` ${this.t("nocopy")}`;
  }
}

// ---- where it begins

let box = null;

async function open(keys, host) {
  const made = new Box(keys);
  if (!(await made.load())) return false;
  box = made;
  made.draw(host);
  return true;
}

document.addEventListener("receipt", async ({ detail }) => {
  if (box) return;
  const host = byId("files-host") ?? make("section", { id: "files-host", className: "noprint" });
  try {
    if (!(await open(detail.seed ? detail : await receiptKeys(detail.secret), host))) return;
    host.classList.add("stack");
    if (!host.isConnected) document.querySelector("main").append(host);
  } catch { /* the page that this part would stand on says what it knows, and leads to the page without a script */ }
});

const form = byId("files-find");

function wrong(error) {
  const d = form.dataset;
  if (error.kind === "words" && error.code === "word") {
    const hint = error.suggestions?.length ? " " + d.suggest.replace("{words}", error.suggestions.join(", ")) : "";
    return d.word.replace("{position}", error.position) + hint;
  }
  if (error.kind === "words" && error.code === "count") return d.count.replace("{count}", error.have).replace("{want}", error.want);
  return error.kind === "words" || error.code === "receipt_unknown" ? d.unknown : d.away;
}

if (form) {
  byId("files-kept").hidden = false;
  let native = false;
  form.addEventListener("submit", async (event) => {
    if (native) return;
    event.preventDefault();
    const say = byId("files-say"), field = byId("receipt"), button = form.querySelector("button");
    say.textContent = "";
    button.disabled = true;
    try {
      const keys = await receiptKeys((await parseReceipt(field.value)).secret);
      if (await open(keys, byId("files-host"))) {
        form.hidden = true;
        field.value = "";
        byId("files-title").focus();
      } else { // this browser cannot seal: the server does, and its page says so
        native = true;
        button.disabled = false;
        form.requestSubmit();
      }
    } catch (error) {
      say.className = "error";
      say.textContent = wrong(error instanceof Problem ? error : {});
      field.setAttribute("aria-invalid", "true");
      field.focus();
    } finally {
      button.disabled = false;
    }
  });
}

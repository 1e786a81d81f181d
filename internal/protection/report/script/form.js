// SPDX-License-Identifier: Apache-2.0
//
// form.js: the page works without this file. With it, the list of who will be told is there as soon as enough is answered, and the words are sealed here,
// before they are sent: the server never gets them, nor the words of the receipt.
import pinned from "./pinned.js";
import { canVerify } from "../../../platform/seal/assets/directory.js";
import { publicFromSeed } from "../../../platform/seal/assets/sealing.js";
import { newSecret, receiptKeys, receiptWords } from "../../../platform/seal/assets/receipt.js";
import { clear, decides, fieldOf, words } from "./answers.js";
import { base64url, load, make, post, show, tell, trouble as report } from "./page.js";
import { sealParts, whole } from "./seal.js";
import { section } from "./who.js";

const form = document.querySelector("form[data-who]");
const byId = (id) => document.getElementById(id);

function start() {
  const { program } = form.dataset;
  const lang = form.elements.lang.value;
  const list = byId("who-list"), say = byId("who-say"), box = byId("trouble"), busy = byId("busy"), sign = form.elements.scanned_sign;
  const shown = form.elements._shown;
  const [preview, send] = form.elements._step;
  let turn = 0, drawn = [], timer, can;

  // ---- who will be told

  const draw = (who) => {
    const before = list.textContent;
    const at = list.contains(document.activeElement) ? document.activeElement.id : "";
    list.replaceChildren(...who.sections.map(section));
    drawn = who.sections.flatMap((s) => s.items ?? s.boxes ?? []);
    if (at) byId(at)?.focus();
    if (list.textContent !== before) {
      say.textContent = "";
      setTimeout(() => { say.textContent = say.dataset.say; }, 100); // emptied first, or it is not spoken again
    }
    shown.value = who.shown;
    send.hidden = !who.shown;
    preview.hidden = !!who.shown;
  };

  const ask = async () => {
    const mine = ++turn;
    try {
      const answer = await fetch(form.dataset.who, { method: "POST", body: clear(form) });
      if (mine !== turn) return;
      if (answer.ok) return draw(await answer.json());
    } catch { /* the button below asks again */ }
    if (mine !== turn) return;
    preview.hidden = false;
    send.hidden = true;
  };

  form.addEventListener("change", (e) => {
    if (can) prepare();
    if (!decides(form, e.target.name)) return;
    clearTimeout(timer);
    timer = setTimeout(ask, 150);
  });
  ask();

  // seen says whether the list that was drawn names an office as one that reads the words ("reader"), or the part about the sender too ("named"), as its boxes
  // stand now.
  const seen = (as, id) => drawn.some(({ opens: o }) => o?.[as] === id && byId("consents-" + o.office)?.checked !== false && !byId("left_out-" + o.office)?.checked);

  const changed = async () => {
    kept = null; // nothing of it was kept
    await ask();
    throw { message: box.dataset.changed };
  };

  // ---- what went wrong: kind is "answers", "kept" (nothing was), or "open" (nobody knows)

  const trouble = (kind, message, items = []) => {
    const d = box.dataset;
    const ul = make("ul");
    ul.append(...items);
    report(d[kind + "Title"], ...message ? [make("p", message)] : [], make("p", d[kind]), ul);
  };

  const link = (field, message) => {
    const q = field.closest(".q");
    q.classList.add("q-wrong");
    const li = make("li"), a = make("a", q.querySelector("legend,.q-label").firstChild.textContent.trim(), { href: "#" + field.id });
    a.addEventListener("click", (e) => { e.preventDefault(); field.focus(); });
    li.append(a, " " + message);
    return li;
  };

  const lines = () => document.querySelector(".lines").cloneNode(true).children;

  // ---- sealing and sending

  let receipt, kept; // the receipt, and what was sealed under it: sent again, it counts once
  let open = ""; // "open" after a sending whose end nobody knows

  // The receipt is made while somebody still writes: then sending takes half the time.
  const prepare = () => receipt ??= (async () => {
    const secret = newSecret();
    const keys = await receiptKeys(secret);
    return { secret, ...keys, reply: await publicFromSeed(keys.seed) };
  })().catch((e) => { receipt = null; throw e; });

  const sealed = async (fields) => {
    const answers = clear(form);
    const print = answers + JSON.stringify(fields);
    if (kept?.print === print) return kept;
    const keys = await prepare();
    answers.append("_lookup", base64url(keys.lookup));
    const answer = await fetch(`/${program}/seal`, { method: "POST", body: answers });
    const readers = await answer.json();
    if (!answer.ok) throw readers.error;
    if (!readers.readers.every((r) => seen("reader", r.office)) || !readers.reporter.every((office) => seen("named", office))) await changed(); // whoever asks for more than was shown
    if (Object.keys(fields.reporter).length && !readers.reporter.length) throw { message: box.dataset.nameless };
    kept = { ...readers, print, keys, words: await receiptWords(keys.secret, lang), parts: await sealParts({ program, lang, pinned: pinned[program], keys, readers, ...fields }) };
    return kept;
  };

  const deliver = async ({ wrong, ...fields }) => {
    if (wrong.length) return trouble("answers", "", wrong.map(([field, problem]) => link(field, box.dataset[problem])));
    for (let turns = 0; ; turns++) {
      const { keys, parts, words, form: name, work } = await sealed(fields);
      const head = clear(form);
      head.append("_shown", shown.value);
      head.append("_form", name);
      // Which sign the sender came by is sealed with the words, if they want it read; that somebody did is counted, by week.
      if (sign?.checked) head.append("_sign", sign.dataset.code);
      const body = whole(String(head), parts);
      // Where far too much comes in, a proof of work lets the report go ahead; it is kept without one too.
      const { status, page, error } = await post(`/${program}/sealed`, body, "application/octet-stream", work && await load(byId("work").dataset).then((m) => m.solve(work, body)).catch(() => ""));
      if (page && status < 300) {
        await show(page, (p) => { const at = p.getElementById("words"); if (at) at.textContent = words; });
        return tell({ lang, ...keys });
      }
      if (error?.code === "who_changed") await changed();
      if (!error || status === 500 || error.code === "unsure") {
        open = "open";
        return trouble(open, error?.message);
      }
      open = "";
      if (!/keys_changed|new_receipt_needed/.test(error.code) || turns > 2) return refused(error);
      if (error.code !== "keys_changed") receipt = null;
      kept = null;
    }
  };

  const refused = (error) => {
    const items = (error.problems ?? []).flatMap((p) => {
      const field = fieldOf(form, p.field);
      return field ? [link(field, p.message)] : [];
    });
    trouble(items.length ? "answers" : open || "kept", error.message, items.length ? items : lines());
  };

  const run = async () => {
    send.disabled = true;
    box.hidden = true;
    busy.textContent = busy.dataset.say;
    try {
      await deliver(words(form));
    } catch (e) { // before anything was sent
      if (e instanceof Error) trouble(open || "kept", box.dataset[e.kind === "chain" ? "chain" : "network"], lines());
      else refused(e);
    } finally {
      send.disabled = false;
      busy.textContent = "";
    }
  };

  // Where this browser cannot tell an office's key from another's, the server seals, and the page goes on saying so.
  const able = (async () => {
    can = !!pinned[program] && isSecureContext && await canVerify();
    byId("keep-server").hidden = can;
    byId("keep-device").hidden = !can;
  })();

  form.addEventListener("submit", async (e) => {
    if (can === false) return;
    e.preventDefault();
    await able;
    if (!can) setTimeout(() => form.requestSubmit(e.submitter));
    else if (send.hidden) ask();
    else if (!send.disabled) run(); // Enter in a field comes here too while a report is on its way
  });
}

if (form) start();

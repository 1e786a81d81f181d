// SPDX-License-Identifier: Apache-2.0
//
// named.js: the reporter's own part of a report, in a member's browser. It is sealed under a key of its own, opened by an act of its own, wiped with the words, and
// never printed. inbox.js draws answers with answersList and sends the part on with wrapNamed.
import { bytesOf, concat, element, get, hex, openReport, openingToken, post, Problem, ready, rewrap, sha256, signStatement, sinceNow, wordsFor } from "./keys.js";
import { recordBytes } from "./bytes.js";
import { receiver } from "./receivers.js";

const { report, program, office, member } = document.getElementById("reader").dataset;
const here = `/staff/report/${report}/reporter`;
const byId = (id) => document.getElementById(id);
const words = byId("named-words");
const openButton = byId("open-named");
const give = byId("give-named");
const box = byId("refer-named");
const receivers = byId("refer-office");

// opened holds what giving the part on needs; null while it is closed.
let opened = null;

// answersList writes answers in the order of the form, each under its question, in the sender's own words.
export function answersList(body, questions) {
  const known = new Map(questions.map((q) => [q.id, q]));
  const order = [...questions.map((q) => q.id), ...Object.keys(body.answers).filter((id) => !known.has(id)).sort()];
  const list = element("dl", { className: "facts" });
  for (const id of order) {
    const values = body.answers[id];
    if (!values?.length) continue;
    const question = known.get(id);
    const answer = element("dd");
    for (const value of values) {
      const text = element("blockquote", { textContent: question?.options?.[value] ?? value, dir: "auto" });
      if (!question?.options?.[value]) text.lang = body.language;
      answer.append(text);
    }
    list.append(element("dt", { textContent: question?.label ?? id }), answer);
  }
  return list;
}

// record is what the part is bound to: report.ReporterRecord.
const record = async () => (await sha256(concat(new TextEncoder().encode("waylight/reporter/v1"), recordBytes(report)))).slice(0, 16);

// statement must be the same as referral.ReporterStatement.
const statement = (hash) => `waylight/reporter-opened/v1\nprogram ${program}\nreport ${report}\nbody ${hex(hash)}\noffice ${office}\nmember ${member}\n`;

async function open() {
  await ready(byId("keys"), office);
  const still = sinceNow();
  const sealed = await get(here);
  const hash = bytesOf(sealed.hash);
  const id = await record();
  const { plaintext, contentKey } = await openReport({ program, id, office, wrap: sealed.wrap, ciphertext: sealed.ciphertext, hash, recipient: office });
  await post(`${here}/opened`, { token: await openingToken(contentKey), signature: await signStatement(statement(hash)) });
  still();
  opened = { contentKey, hash, id };
  const body = JSON.parse(new TextDecoder().decode(plaintext));
  const safe = body.answers.reach?.length ? "Reach them only in the ways that they ticked." : "Reach them only here, in a message: they did not say that anything else is safe.";
  words.replaceChildren(element("p", { className: "notice notice-strong", textContent: safe }), answersList(body, sealed.questions));
  words.hidden = false;
  openButton.hidden = true;
  allow();
  words.focus();
}

// allow lets the part be given where it may be.
function allow() {
  if (give) give.querySelector("button").disabled = !opened;
  if (!box) return;
  box.disabled = !opened || receivers.selectedOptions[0]?.dataset.noName !== undefined;
  if (box.disabled) box.checked = false;
}

function close() {
  opened = null;
  if (!openButton) return;
  words.replaceChildren();
  words.hidden = true;
  openButton.hidden = false;
  allow();
}

// wrapNamed wraps the part for the office of an option, as the server is told of it.
export async function wrapNamed(option) {
  if (!opened) throw new Problem("locked", "Open the part about the reporter first, or untick its box. Nothing was sent.");
  const { contentKey, id, hash } = opened, to = option.value;
  const { key, keyId } = await receiver({ chain: option.dataset.chain, program, office: to });
  return { office: to, key_id: keyId, wrap: await rewrap({ contentKey, publicKey: key, program, id, hash, recipient: to }) };
}

async function attempt(button, act) {
  const say = byId("say-named");
  button.disabled = true;
  say.textContent = "";
  try {
    await act();
  } catch (error) {
    say.textContent = wordsFor(error);
    say.className = "error";
  } finally {
    button.disabled = false;
  }
}

if (openButton) {
  openButton.hidden = false;
  openButton.addEventListener("click", () => attempt(openButton, open));
  receivers?.addEventListener("change", allow);
  addEventListener("pagehide", close);
  document.addEventListener("waylight:locked", close);
}

give?.addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(event.submitter, async () => {
    const to = byId("give-office").selectedOptions[0];
    await post(`${here}/give`, { ...(await wrapNamed(to)), basis: "" });
    location.assign(`/staff/report/${report}?done=named`);
  });
});

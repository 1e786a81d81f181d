// SPDX-License-Identifier: Apache-2.0
//
// round.js: keeps what somebody found on a round until it is sent. Each entry gets a
// key, goes into this browser's localStorage and from there to the server, at once or
// when there is a connection again; the server counts a key once, so that an entry
// whose answer was lost can be sent again. What is kept is which placement, what was
// found and when: nothing of a reporter, and no picture. It is gone from here once the
// server has it. An answer can come to a page that is being left: it waits in this
// tab's sessionStorage for the next one, which was perhaps made before. Without this
// file the page is a form.
const form = document.getElementById("round");
const { round, member, entries } = form.dataset;
const say = document.getElementById("say");
const place = `waylight.round.${round}.${member}`;
const answers = place + ".answers";
const words = form.dataset;
let sending = false;

function kept() {
  try {
    return JSON.parse(localStorage.getItem(place)) ?? [];
  } catch {
    return [];
  }
}

function keep(list) {
  if (list.length === 0) localStorage.removeItem(place);
  else localStorage.setItem(place, JSON.stringify(list));
}

// answered keeps what the server answered, with when it did.
function answered(list) {
  try {
    const before = JSON.parse(sessionStorage.getItem(answers)) ?? [];
    sessionStorage.setItem(answers, JSON.stringify([...before, ...list]));
  } catch { // the browser keeps nothing: what is said at the stop is all there is
  }
}

// missed tells what came for the page before, after this one was asked for: this one
// cannot know of it. What came earlier the server says in the page itself.
function missed() {
  try {
    for (const a of JSON.parse(sessionStorage.getItem(answers)) ?? []) {
      if (a.at >= performance.timeOrigin) tell(a.placement, a.say, a.state);
    }
    sessionStorage.removeItem(answers);
  } catch { // nothing was kept
  }
}

function key() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
}

function tell(placement, text, state) {
  const at = document.getElementById("say-" + placement);
  if (!at) return;
  at.textContent = text;
  at.dataset.state = state;
}

function count() {
  const n = kept().length;
  say.textContent = n === 0 ? words.allSent : words.waiting.replace("{count}", n);
  say.dataset.waiting = n;
}

// note takes what is chosen at a stop.
function note(placement) {
  const chosen = (name) => form.querySelector(`input[name="${name}-${placement}"]:checked`)?.value;
  const found = chosen("found");
  if (!found) {
    tell(placement, words.choose, "");
    return;
  }
  const entry = { key: key(), placement, found, opens: chosen("opens") ?? "untried", at: new Date().toISOString() };
  try {
    keep([...kept(), entry]);
  } catch { // the browser keeps nothing: the form itself goes to the server
    form.submit();
    return;
  }
  tell(placement, words.kept, "kept");
  count();
  send();
}

// send brings what is kept to the server. What it refuses is said and not sent again.
async function send() {
  const list = kept().slice(0, 50);
  if (sending || list.length === 0) return;
  sending = true;
  try {
    const answer = await fetch(entries, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ entries: list }), redirect: "manual",
    });
    if (answer.type === "opaqueredirect" || answer.status === 401) {
      say.textContent = words.signIn;
      return;
    }
    if (!answer.ok) return;
    const { outcomes } = await answer.json();
    const done = new Set(outcomes.map((o) => o.key));
    const told = outcomes.map((o) => ({
      placement: list.find((e) => e.key === o.key)?.placement, say: o.say, state: o.refused ? "refused" : "sent", at: Date.now(),
    }));
    for (const a of told) tell(a.placement, a.say, a.state);
    answered(told);
    keep(kept().filter((e) => !done.has(e.key)));
    count();
  } catch {
    count(); // there is no connection: what is kept stays
  } finally {
    sending = false;
  }
  if (kept().length > 0 && navigator.onLine) setTimeout(send, 5000);
}

form.addEventListener("submit", (event) => {
  const only = event.submitter?.value;
  if (event.submitter?.name !== "only") return;
  event.preventDefault();
  note(only);
});
// show says what is kept, and at which stops another page of this browser sent it.
function show() {
  const waiting = new Set(kept().map((e) => e.placement));
  for (const at of form.querySelectorAll('[data-state="kept"]')) {
    const placement = at.id.slice("say-".length);
    if (!waiting.has(placement)) tell(placement, words.elsewhere, "sent");
  }
  for (const placement of waiting) tell(placement, words.kept, "kept");
  count();
}

addEventListener("storage", (event) => {
  if (event.key === place || event.key === null) show();
});
missed();
show();
addEventListener("online", send);
setInterval(send, 15000);
send();

// SPDX-License-Identifier: Apache-2.0
//
// What a staff page does when nobody uses it: it says so two minutes before, then takes everything it shows off the screen, drops the keys, and asks the server
// to lock the session. Tabs share what they know: work in one keeps all of them open, and when one locks, all do. The server has a clock of its own and does not
// need this file; the file is what hides what is on the screen already.
const { lock, keep, lockAfter, lockSoon, lockTitle } = document.body.dataset;
const after = lockAfter * 1000;
const notice = Math.min(120000, after / 4);
const channel = new BroadcastChannel("waylight.idle");
let used = Date.now();
let kept = 0;
let hidden = false;
let warning = null;

// hide leaves nothing of the page: neither on the screen nor in the document.
async function hide(first) {
  if (hidden) return;
  hidden = true;
  sessionStorage.clear(); // half of the keys; the other half alone opens nothing
  new BroadcastChannel("waylight.keys").postMessage("lock");
  document.title = lockTitle;
  document.body.replaceChildren(lockTitle);
  if (first) channel.postMessage("locked");
  await fetch(lock, { method: "POST", keepalive: true, redirect: "manual" }).catch(() => {}); // without the server, it locks by its own clock
  location.replace(lock + "?next=" + encodeURIComponent(location.pathname + location.search));
}

// use notes that somebody is there, and tells the server once a minute: it cannot tell a person from a list that loads itself.
async function use() {
  const now = Date.now();
  if (hidden || now - used >= after) return;
  used = now;
  warn(false);
  if (now - kept < 60000) return;
  kept = now;
  channel.postMessage("used");
  const answer = await fetch(keep, { method: "POST", keepalive: true, redirect: "manual" }).catch(() => null);
  if (answer && (answer.type === "opaqueredirect" || [401, 403, 423].includes(answer.status))) hide(false); // locked or ended already; a server in trouble says neither
}

function warn(soon) {
  if (soon === (warning !== null)) return;
  warning?.remove();
  warning = null;
  if (!soon) return;
  warning = document.createElement("p");
  warning.className = "notice notice-strong lock-soon";
  warning.setAttribute("role", "alert");
  warning.textContent = lockSoon;
  document.body.append(warning);
}

function look() {
  const idle = Date.now() - used;
  if (idle >= after) hide(true);
  else warn(idle >= after - notice);
}

// The button hides at once: whoever presses it may have to before the server answers.
document.querySelector(`form[action="${lock}"]`)?.addEventListener("submit", (event) => {
  event.preventDefault();
  hide(true);
});
for (const event of ["keydown", "pointerdown", "wheel", "touchmove", "input"]) addEventListener(event, use, { capture: true, passive: true });
channel.addEventListener("message", ({ data }) => {
  if (data === "locked") hide(false);
  else if (Date.now() - used < after) {
    used = Date.now();
    warn(false);
  }
});
document.addEventListener("visibilitychange", look);
setInterval(look, 1000);

// A page that the browser keeps for its Back button is kept blank, and asked for again: whether it may be seen is the server's to say.
addEventListener("pagehide", () => { document.documentElement.hidden = true; });
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

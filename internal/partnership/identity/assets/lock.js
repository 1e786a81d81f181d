// SPDX-License-Identifier: Apache-2.0
//
// The page of a locked session: it drops the keys at once, and gives the session and the keys back to who proves to be its member.
import { authSecret, b64, checkBrowser, lock, post, Problem, stretch, unlockWith, unlockWithSecret, wordsFor } from "./keys.js";
import { answerPasskey } from "./passkey.js";

const byId = (id) => document.getElementById(id);
const form = byId("unlock");
const passphrase = byId("passphrase");
const problem = byId("problem");
const progress = byId("progress");
const working = (on) => form.querySelectorAll("button").forEach((button) => (button.disabled = on));

await lock().catch(() => {});
form.hidden = false;
(byId("passkey") ?? passphrase)?.focus();
try {
  await checkBrowser();
} catch (error) {
  problem.textContent = wordsFor(error);
  working(true);
}

async function attempt(what, act) {
  problem.textContent = "";
  progress.textContent = what;
  working(true);
  try {
    await act();
    location.replace(form.dataset.next);
  } catch (error) {
    progress.textContent = "";
    problem.textContent = wordsFor(error);
    working(false);
  }
}

// What opens the keys is not tried twice here: the next page asks again and tells what is wrong.
const forgiving = (opening) => opening.catch(() => {});

byId("passkey")?.addEventListener("click", () => attempt("Your browser asks for your passkey.", async () => {
  const { passkey } = await post("/staff/lock/ask", {});
  if (!passkey) throw new Problem("passkey", "You have no passkey here. Sign out and in again.");
  const used = await answerPasskey(passkey, form.dataset.program);
  await post("/staff/lock/open", { answer: used.answer });
  await forgiving(unlockWithSecret(used));
}));

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!passphrase) return;
  attempt("Checking. This takes a second or two on purpose: it makes guessing slow.", async () => {
    try {
      const { passphrase: { salt, iterations } } = await post("/staff/lock/ask", {});
      const master = await stretch(passphrase.value, salt, iterations);
      await post("/staff/lock/open", { auth: b64(await authSecret(master)) });
      await forgiving(unlockWith(master));
    } finally {
      passphrase.value = "";
      passphrase.focus();
    }
  });
});

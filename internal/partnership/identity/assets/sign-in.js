// SPDX-License-Identifier: Apache-2.0
//
// Signing in. With a passkey, its answer goes to the server and its secret opens the keys here. Where a passphrase alone signs in, it is stretched here: the server gets a
// secret derived from it, and the keys are opened with another one.
import { authSecret, b64, checkBrowser, lock, post, Problem, signedIn, stretch, unlockWith, unlockWithSecret, wordsFor } from "./keys.js";
import { answerPasskey } from "./passkey.js";

const byId = (id) => document.getElementById(id);
const form = byId("sign-in");
const problem = byId("problem");
const progress = byId("progress");
const passkey = byId("passkey");
const buttons = [passkey, form.querySelector("button")].filter(Boolean);
const working = (on) => buttons.forEach((button) => (button.disabled = on));

if (await signedIn()) {
  location.replace(form.dataset.next);
} else {
  await lock().catch(() => {}); // nobody is signed in: no keys may be left from before
  byId("ask").hidden = false;
  form.hidden = form.dataset.passphrase !== "true";
  try {
    await checkBrowser();
  } catch (error) {
    problem.textContent = wordsFor(error);
    working(true);
  }
}

async function attempt(what, act) {
  problem.textContent = "";
  progress.textContent = what;
  working(true);
  try {
    if (!byId("notice").checked) throw new Problem("notice", "Please confirm that you have read the notice.");
    await act();
    location.replace(form.dataset.next);
  } catch (error) {
    progress.textContent = "";
    problem.textContent = wordsFor(error);
    working(false);
  }
}

passkey?.addEventListener("click", () => attempt("Your browser asks for your passkey.", async () => {
  const program = form.elements.program.value;
  const { options } = await post("/staff/sign-in/passkey/options", { program });
  const used = await answerPasskey(options, program);
  await post("/staff/sign-in/passkey", { program, notice: byId("notice").checked, answer: used.answer });
  await unlockWithSecret(used).catch(() => {}); // signed in all the same: the next page asks again and tells what is wrong
}));

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const passphrase = byId("passphrase");
  attempt("Checking. This takes a second or two on purpose: it makes guessing slow.", async () => {
    try {
      const who = { program: form.elements.program.value, email: form.elements.email.value };
      const { salt, iterations } = await post("/staff/sign-in/salt", who);
      const master = await stretch(passphrase.value, salt, iterations);
      await post("/staff/sign-in", { ...who, auth: b64(await authSecret(master)), notice: byId("notice").checked });
      await unlockWith(master).catch(() => {}); // as above
    } finally {
      passphrase.value = "";
      passphrase.focus();
    }
  });
});

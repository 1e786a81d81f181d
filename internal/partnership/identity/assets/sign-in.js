// SPDX-License-Identifier: Apache-2.0
//
// Signing in: the passphrase is stretched here, the server gets a secret derived from it, and the keys are opened with another one.
import { authSecret, b64, checkBrowser, lock, post, signedIn, stretch, unlockWith, wordsFor } from "./keys.js";

const form = document.getElementById("sign-in");
const passphrase = document.getElementById("passphrase");
const problem = document.getElementById("problem");
const progress = document.getElementById("progress");
const button = form.querySelector("button");

if (await signedIn()) {
  location.replace(form.dataset.next);
} else {
  await lock().catch(() => {}); // nobody is signed in: no keys may be left from before
  form.hidden = false;
  try {
    await checkBrowser();
  } catch (error) {
    problem.textContent = wordsFor(error);
    button.disabled = true;
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  problem.textContent = "";
  progress.textContent = "Checking. This takes a second or two on purpose: it makes guessing slow.";
  button.disabled = true;
  try {
    const who = { program: form.elements.program.value, email: form.elements.email.value };
    const { salt, iterations } = await post("/staff/sign-in/salt", who);
    const master = await stretch(passphrase.value, salt, iterations);
    await post("/staff/sign-in", { ...who, auth: b64(await authSecret(master)), notice: document.getElementById("notice").checked });
    await unlockWith(master).catch(() => {}); // signed in all the same: the next page asks again and tells what is wrong
    passphrase.value = "";
    location.replace(form.dataset.next);
  } catch (error) {
    passphrase.value = "";
    progress.textContent = "";
    problem.textContent = wordsFor(error);
    button.disabled = false;
    passphrase.focus();
  }
});

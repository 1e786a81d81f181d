// SPDX-License-Identifier: Apache-2.0
//
// Giving a colleague access: the office's keys are sealed to the colleague's public key here, and only so do they leave this browser.
import { keyMark, post, ready, sayIn, wordsFor, wrapsFor } from "./keys.js";

const form = document.getElementById("give");

if (form) {
  const { action, holder, kem, office } = form.dataset;
  document.getElementById("give-mark").textContent = await keyMark(kem); // of the very key that is sealed to below
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const problem = document.getElementById("problem");
    const button = form.querySelector("button");
    button.disabled = true;
    problem.textContent = "";
    try {
      await ready(document.getElementById("unlock")); // or they were locked since
      const wraps = await wrapsFor({ office, publicKey: kem, holder });
      await post(action, { wraps });
      location.replace(`${location.pathname}?done=access`);
    } catch (error) {
      problem.textContent = wordsFor(error);
      button.disabled = false;
    }
  });
  try {
    await ready(document.getElementById("unlock"));
    form.hidden = false;
  } catch (error) {
    sayIn(document.getElementById("unlock"), error);
  }
}

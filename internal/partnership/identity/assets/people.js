// SPDX-License-Identifier: Apache-2.0
//
// Giving a colleague access: the office's keys are sealed to the colleague's public key here, and only so do they leave this browser.
import { post, ready, wordsFor, wrapsFor } from "./keys.js";

const form = document.getElementById("give");

if (form) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const problem = document.getElementById("problem");
    const button = form.querySelector("button");
    button.disabled = true;
    problem.textContent = "";
    try {
      const wraps = await wrapsFor({ office: form.dataset.office, publicKey: form.dataset.kem, holder: form.dataset.holder });
      await post(form.dataset.action, { wraps });
      location.replace(`${location.pathname}?done=access`);
    } catch (error) {
      problem.textContent = wordsFor(error);
      button.disabled = false;
    }
  });
  await ready(document.getElementById("unlock"));
  form.hidden = false;
}

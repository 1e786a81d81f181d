// SPDX-License-Identifier: Apache-2.0
//
// The first page after signing in: whether the keys are open in this tab, and the button that locks them.
import { lock, myMark, ready, wordsFor } from "./keys.js";

const state = document.getElementById("keys-state");
const button = document.getElementById("lock");

let looks = 0; // of several looks at the keys the last one speaks
let asking = false;
let again = false;

// tell says whether the keys are open and shows the key mark, made from the root that was opened here; a colleague compares it with the one of the key that they are
// about to seal to.
async function tell() {
  const look = ++looks;
  const mark = await myMark().catch(() => "");
  if (look !== looks) return;
  state.textContent = mark ? "Your keys are open in this tab." : "Your keys are locked in this tab.";
  button.hidden = !mark;
  for (const place of document.querySelectorAll("[data-own-mark]")) place.textContent = mark || "Open your keys to see it.";
}

// show asks until the keys are open. They can be locked at any moment, in another tab too: then whoever asks already asks again.
async function show() {
  again = true;
  await tell();
  if (asking) return;
  asking = true;
  try {
    while (again) {
      again = false;
      await ready(document.getElementById("keys-form"), state.dataset.office);
      await tell();
    }
  } catch (error) {
    state.append(` ${wordsFor(error)}`);
  } finally {
    asking = false;
  }
}

if (state) {
  button.addEventListener("click", () => lock());
  document.addEventListener("waylight:locked", show);
  await show();
}

// SPDX-License-Identifier: Apache-2.0
//
// The first page after signing in: whether the keys are open in this tab, and the button that locks them.
import { lock, myMark, ready, unlocked } from "./keys.js";

const state = document.getElementById("keys-state");
const button = document.getElementById("lock");

let asking = false;

function tell(open) {
  state.textContent = open ? "Your keys are open in this tab." : "Your keys are locked in this tab.";
  button.hidden = !open;
}

// mark shows the key mark, made from the root that was opened here; a colleague compares it with the one of the key that they are about to seal to.
async function mark() {
  const words = (await unlocked()) ? await myMark() : "Open your keys to see it.";
  for (const place of document.querySelectorAll("[data-own-mark]")) place.textContent = words;
}

async function show() {
  tell(await unlocked());
  await mark();
  if (asking) return;
  asking = true;
  await ready(document.getElementById("keys-form"), state.dataset.office);
  asking = false;
  const open = await unlocked(); // or it was locked while the page asked
  tell(open);
  await mark();
  if (!open) await show();
}

if (state) {
  button.addEventListener("click", () => lock());
  document.addEventListener("waylight:locked", show);
  await show();
}

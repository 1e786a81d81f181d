// SPDX-License-Identifier: Apache-2.0
//
// The first page after signing in: whether the keys are open in this tab, and the button that locks them.
import { lock, ready, unlocked } from "./keys.js";

const state = document.getElementById("keys-state");
const button = document.getElementById("lock");

let asking = false;

async function show() {
  const open = await unlocked();
  state.textContent = open ? "Your keys are open in this tab." : "Your keys are locked in this tab.";
  button.hidden = !open;
  if (asking) return;
  asking = true;
  await ready(document.getElementById("keys-form"), state.dataset.office);
  asking = false;
  if (!open) await show();
}

if (state) {
  button.addEventListener("click", () => lock());
  document.addEventListener("waylight:locked", show);
  await show();
}

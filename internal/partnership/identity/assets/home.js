// SPDX-License-Identifier: Apache-2.0
//
// The first page after signing in: whether the keys are open in this tab, and the button that locks them.
import { lock, ready, unlocked } from "./keys.js";

const state = document.getElementById("keys-state");
const button = document.getElementById("lock");

async function show() {
  const open = await unlocked();
  state.textContent = open ? "Your keys are open in this tab." : "Your keys are locked in this tab.";
  button.hidden = !open;
  const host = document.getElementById("keys-form");
  if (host.childElementCount > 0) return;
  await ready(host, state.dataset.office);
  if (!open) await show();
}

if (state) {
  button.addEventListener("click", () => lock());
  document.addEventListener("waylight:locked", show);
  await show();
}

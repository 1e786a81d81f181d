// SPDX-License-Identifier: Apache-2.0
//
// A new key for the office: made here, sealed to the colleagues who are ticked and to the office's recovery key, and signed with the key before it.
import { confirmedHolders, element, get, keyMark, me, post, Problem, ready, rotateOffice, sayIn, wordsFor } from "./keys.js";

const byId = (id) => document.getElementById(id);
const form = byId("rotate");

// box is one colleague; the office's own key says which of them need no telephone call. Who oneself is, this tab knows; the key mark is made from the key sealed to.
async function box(holder, self, confirmed) {
  const input = element("input", { type: "checkbox", id: holder.holder.replace(":", "-"), value: holder.holder, checked: self || confirmed, disabled: self });
  const mark = await keyMark(holder.key);
  const why = self ? "you" : confirmed ? `key mark ${mark}` : `not confirmed: compare the key mark ${mark} by telephone`;
  return element("div", { className: "choice" }, input, element("label", { htmlFor: input.id, textContent: `${holder.name} (${why})` }));
}

async function begin() {
  const office = form.dataset.office;
  await ready(byId("unlock"), office);
  const { current, holders, recovery } = await get("/staff/office/holders");
  const confirmed = await confirmedHolders({ office, current, holders });
  const self = `member:${(await me()).id}`;
  byId("holders").append(...(await Promise.all(holders.map((h) => box(h, h.holder === self, confirmed.includes(h.holder))))));
  byId("recovery-line").textContent = recovery
    ? `The printed recovery parts stay as they are: ${recovery.needed} of ${recovery.shares} open the new key, too.`
    : "Your office has no recovery parts. At least two people must get the key.";
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    byId("problem").textContent = "";
    byId("go").disabled = true;
    byId("progress").textContent = "Making the key.";
    try {
      const ticked = holders.filter((h) => byId(h.holder.replace(":", "-")).checked);
      if (ticked.length + (recovery ? 1 : 0) < 2) throw new Problem("refused", "A key needs two holders or more. Tick another colleague.");
      await rotateOffice({ office, current, holders: ticked, recovery, send: (body) => post("/staff/office/rotate", body) });
      location.replace("/staff/office?done=rotated");
    } catch (error) {
      byId("problem").textContent = wordsFor(error);
      byId("go").disabled = false;
    } finally {
      byId("progress").textContent = "";
    }
  });
  form.hidden = false;
}

if (form) {
  try {
    await begin();
  } catch (error) {
    sayIn(byId("unlock"), error);
  }
}

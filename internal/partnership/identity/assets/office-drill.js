// SPDX-License-Identifier: Apache-2.0
//
// The yearly drill: the parts are typed here, put together here, and forgotten here. The server learns that they open what it sealed to the recovery key.
import { element, parseShare, post, Problem, wordList, wordsFor } from "./keys.js";
import { tryParts } from "./office-key.js";

const byId = (id) => document.getElementById(id);
const form = byId("drill");

async function typed(areas) {
  const lists = [await wordList(), await wordList("es")];
  const shares = [];
  for (const [at, area] of areas.entries()) {
    try {
      shares.push(await parseShare(area.value, lists));
    } catch (error) {
      area.focus();
      throw new Problem("shares", `Part ${at + 1}: ${wordsFor(error)}`);
    }
  }
  return shares;
}

if (form) {
  const needed = Number(form.dataset.needed);
  for (let i = 1; i <= needed; i++) {
    const area = element("textarea", { id: `part-${i}`, rows: 5, autocomplete: "off", autocapitalize: "none", spellcheck: false, required: true });
    area.setAttribute("aria-describedby", "parts-hint");
    byId("parts").append(element("div", {}, element("label", { htmlFor: area.id, textContent: `Part ${i} of ${needed}` }), area));
  }
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    byId("problem").textContent = "";
    byId("go").disabled = true;
    byId("progress").textContent = "Putting the parts together.";
    const areas = [...byId("parts").querySelectorAll("textarea")];
    try {
      const shares = await typed(areas);
      const begun = await post("/staff/office/drill/begin", {});
      const { answer } = await tryParts({ ...begun, shares });
      await post("/staff/office/drill", { id: begun.id, answer });
      for (const area of areas) area.value = "";
      location.replace("/staff/office?done=drilled");
    } catch (error) {
      byId("problem").textContent = wordsFor(error);
      byId("go").disabled = false;
    } finally {
      byId("progress").textContent = "";
    }
  });
  form.hidden = false;
}

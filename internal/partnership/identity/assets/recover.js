// SPDX-License-Identifier: Apache-2.0
//
// Recovering the office's key from its printed parts: they are typed here, put together here, and forgotten here. The server gets the keys sealed to this member.
import { element, get, parseShare, post, Problem, ready, recoverOffice, sayIn, wordList, wordsFor } from "./keys.js";

const byId = (id) => document.getElementById(id);
const form = byId("recover");

if (form) {
  const needed = Number(form.dataset.needed);
  const fields = byId("parts");
  for (let i = 1; i <= needed; i++) {
    const area = element("textarea", { id: `part-${i}`, rows: 5, autocomplete: "off", autocapitalize: "none", spellcheck: false, required: true });
    area.setAttribute("aria-describedby", "parts-hint");
    fields.append(element("div", {}, element("label", { htmlFor: area.id, textContent: `Part ${i} of ${needed}` }), area));
  }
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const problem = byId("problem");
    problem.textContent = "";
    byId("go").disabled = true;
    byId("progress").textContent = "Putting the parts together.";
    try {
      const lists = [await wordList(), await wordList("es")];
      const shares = [];
      for (const [at, area] of [...fields.querySelectorAll("textarea")].entries()) {
        try {
          shares.push(await parseShare(area.value, lists));
        } catch (error) {
          area.focus();
          throw new Problem("shares", `Part ${at + 1}: ${wordsFor(error)}`);
        }
      }
      await ready(byId("unlock")); // or they were locked since
      const { wraps } = await get("/staff/recover/wraps");
      await post("/staff/recover", { wraps: await recoverOffice({ office: form.dataset.office, shares, wraps }) });
      for (const area of fields.querySelectorAll("textarea")) area.value = "";
      form.hidden = true;
      byId("done").hidden = false;
      byId("done-title").focus();
    } catch (error) {
      problem.textContent = wordsFor(error);
    } finally {
      byId("go").disabled = false;
      byId("progress").textContent = "";
    }
  });
  try {
    await ready(byId("unlock"));
    form.hidden = false;
  } catch (error) {
    sayIn(byId("unlock"), error);
  }
}

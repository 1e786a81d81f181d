// SPDX-License-Identifier: Apache-2.0
//
// results.js: says what is wrong with a row while it is typed, by the server's own
// rules, and moves between rows with Alt and the arrows. Without it the page works
// by sending and answering. What leads to a person or a document is never sent for
// a look.
const quiet = ["number", "booking", "state_id", "receipt", "sha256"];
const waiting = new WeakMap();
const say = document.getElementById("say");

function fields(row) {
  return [...row.querySelectorAll("[data-field]")];
}

async function look(form, row) {
  const asked = new URLSearchParams({ kind: row.dataset.kind });
  let any = false;
  for (const f of fields(row)) {
    if (quiet.includes(f.dataset.field) || !f.value) continue;
    asked.set(f.dataset.field, f.value);
    any = true;
  }
  const turn = {};
  waiting.set(row, turn);
  let told = { problems: {}, kept: "" };
  if (any) {
    try {
      const answer = await fetch(form.dataset.check + "?" + asked, { headers: { Accept: "application/json" } });
      if (!answer.ok) return;
      told = await answer.json();
    } catch {
      return; // saving will say it
    }
  }
  if (waiting.get(row) !== turn) return; // typed on meanwhile
  let wrong = 0;
  for (const f of fields(row)) {
    if (quiet.includes(f.dataset.field)) continue;
    const words = f.value ? told.problems[f.dataset.field] ?? "" : ""; // what is still empty is said when saving
    document.getElementById(f.id + "-say").textContent = words;
    if (words) {
      f.setAttribute("aria-invalid", "true");
      wrong++;
    } else f.removeAttribute("aria-invalid");
  }
  const name = "Row " + (Number(row.dataset.row) + 1) + ": ";
  say.textContent = wrong ? name + wrong + (wrong === 1 ? " field is" : " fields are") + " not right." : told.kept ? name + told.kept + "." : "";
}

for (const form of document.querySelectorAll("form[data-check]")) {
  let timer = 0;
  const soon = (e) => {
    const row = e.target.closest("[data-row]");
    if (!row) return;
    clearTimeout(timer);
    timer = setTimeout(look, 250, form, row);
  };
  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
  form.addEventListener("keydown", (e) => {
    if (!e.altKey || (e.key !== "ArrowDown" && e.key !== "ArrowUp")) return;
    const row = e.target.closest("tr[data-row]");
    const next = e.key === "ArrowDown" ? row?.nextElementSibling : row?.previousElementSibling;
    const there = next?.querySelector('[data-field="' + e.target.dataset.field + '"]');
    if (!there) return;
    e.preventDefault();
    there.focus();
  });
}

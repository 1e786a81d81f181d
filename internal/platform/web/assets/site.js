// SPDX-License-Identifier: Apache-2.0
// Everything works without this file. With it: leaving is faster, questions
// that do not apply are hidden, and long answers show how much room is left.
"use strict";
(() => {
  const all = (sel, root = document) => [...root.querySelectorAll(sel)];

  // Leaving: blank first, then replace, so that Back does not come here again.
  const exit = document.querySelector("a[data-exit]");
  if (exit) {
    const say = document.getElementById("exit-say");
    let presses = [], gone = false;
    const leave = () => {
      gone = true;
      all("form").forEach((f) => f.reset());
      document.title = "\u200b";
      document.body.replaceChildren();
      location.replace(exit.dataset.exit);
    };
    exit.addEventListener("click", (e) => { e.preventDefault(); leave(); });
    addEventListener("pageshow", () => { if (gone) leave(); });
    addEventListener("keydown", (e) => {
      if (e.repeat) return;
      if (e.key !== "Shift") { presses = []; say.textContent = ""; return; }
      const now = performance.now();
      presses = presses.filter((t) => now - t < 5000).concat(now);
      if (presses.length > 2) return leave();
      say.textContent = presses.length === 2 ? say.dataset.again : "";
    }, true);
  }

  // Questions that wait for an answer: "topic=roads,bridges;other=yes".
  const waiting = all("[data-show-when]");
  const answers = (name) => all(`[name="${name}"]`).filter((c) => !c.disabled && (c.checked || !/^(radio|checkbox)$/.test(c.type))).map((c) => c.value);
  const show = () => waiting.forEach((el) => {
    const applies = el.dataset.showWhen.split(";").every((part) => {
      const [name, values] = part.split("=");
      return answers(name).some((v) => values.split(",").includes(v));
    });
    const hide = !applies && !el.classList.contains("q-wrong");
    el.hidden = hide;
    all("input,select,textarea", el).forEach((c) => { c.disabled = hide; });
  });
  if (waiting.length) { document.addEventListener("change", show); show(); }

  // How much room a long answer has left, counted in letters as the server does.
  all("textarea[data-max]").forEach((area) => {
    const out = document.getElementById(area.id + "-count");
    const max = +area.dataset.max;
    let timer;
    const count = () => {
      const left = max - [...area.value].length;
      const near = left < max / 10;
      out.setAttribute("aria-live", near ? "polite" : "off");
      out.classList.toggle("over", left < 0);
      out.textContent = (left < 0 ? out.dataset.over : out.dataset.left).replace("{n}", Math.abs(left).toLocaleString("en-US"));
    };
    area.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(count, 400); });
    if (area.value) count();
  });

  // Suggestions of the chosen state's counties.
  all("select[data-place]").forEach((state) => {
    const county = document.getElementById(state.dataset.place);
    const home = county.getAttribute("list");
    const pick = () => {
      const list = state.value ? "counties-" + state.value : home;
      if (list && document.getElementById(list)) county.setAttribute("list", list); else county.removeAttribute("list");
    };
    state.addEventListener("change", pick);
    pick();
  });

  // A list that stands open is loaded again, unless somebody is using it.
  const main = document.querySelector("main[data-refresh]");
  if (main) {
    let used = false;
    addEventListener("input", () => { used = true; });
    setInterval(() => {
      const at = document.activeElement;
      if (!used && (at === document.body || at === main) && String(getSelection()) === "") location.reload();
    }, main.dataset.refresh * 1000);
  }

  // Buttons that only a script can serve come hidden. A script that draws the page anew says so by the event "drawn".
  // What the address carried to a page that is done with it need not stay in the history.
  const buttons = () => {
    if (location.search && document.querySelector("[data-done-with]")) history.replaceState(null, "", location.pathname);
    all("button[data-print]").forEach((b) => { b.hidden = false; b.onclick = () => print(); });
    all("button[data-copy]").forEach((b) => {
      if (!navigator.clipboard) return;
      b.hidden = false;
      b.onclick = async () => {
        await navigator.clipboard.writeText(document.getElementById(b.dataset.copy).textContent.trim());
        b.textContent = b.dataset.done;
      };
    });
  };
  document.addEventListener("drawn", buttons);
  buttons();

  const first = document.querySelector("[data-focus]");
  if (first) first.focus();
})();

// SPDX-License-Identifier: Apache-2.0
//
// New recovery parts for the office: made here, shown once, and used only after one of them was typed back from the paper.
import { combine, element, formatShare, get, newParts, parseShare, post, Problem, ready, sayIn, setName, sinceNow, wordList, wordsFor } from "./keys.js";

const byId = (id) => document.getElementById(id);
const splitForm = byId("split-form");
const sharesPart = byId("shares");
const proofForm = byId("proof-form");
let made, asked, list;

// show puts the parts on the page, to be printed.
async function show(name, still) {
  list = await wordList();
  const cards = [];
  for (const share of made.shares) {
    const lines = (await formatShare(share, list)).split("\n");
    cards.push(element("div", { className: "panel" },
      element("h3", { textContent: `Recovery part ${share.index} of ${made.shares.length}: ${name}` }),
      element("p", { textContent: `Set ${setName(share, list)}. ${share.needed} parts of this set together open the office's reports. Keep it locked away and show it to nobody.` }),
      element("p", { className: "code share" }, ...lines.flatMap((line) => [line, " ", element("br")]))));
  }
  still();
  byId("cards").replaceChildren(...cards);
  asked = made.shares[crypto.getRandomValues(new Uint32Array(1))[0] % made.shares.length];
  byId("proof-label").textContent = `Type part ${asked.index}, from the paper`;
  splitForm.hidden = true;
  sharesPart.hidden = false;
  byId("shares-title").focus();
}

function swap(from, to, title) {
  from.hidden = true;
  to.hidden = false;
  byId(title).focus();
}

async function begin() {
  const { office, name } = splitForm.dataset;
  await ready(byId("unlock"), office);
  splitForm.addEventListener("submit", async (event) => {
    event.preventDefault();
    byId("problem").textContent = "";
    try {
      const [n, k] = [byId("many").valueAsNumber, byId("needed").valueAsNumber];
      if (!(k >= 2 && n >= k && n <= 9)) throw new Problem("shares", "At least two parts must be needed, and no more than there are. There can be up to nine.");
      byId("go").disabled = true; // a second set would take the place of the one that is being printed
      await ready(byId("unlock"), office);
      const still = sinceNow();
      const { current } = await get("/staff/office/holders");
      made = await newParts({ office, current, k, n });
      await show(name, still);
    } catch (error) {
      byId("problem").textContent = wordsFor(error);
    } finally {
      byId("go").disabled = false;
    }
  });
  byId("print").addEventListener("click", () => window.print());
  byId("printed").addEventListener("click", () => swap(sharesPart, proofForm, "proof-title"));
  byId("back").addEventListener("click", () => swap(proofForm, sharesPart, "shares-title"));
  proofForm.addEventListener("submit", async (event) => {
    event.preventDefault();
    byId("proof-problem").textContent = "";
    byId("finish").disabled = true;
    try {
      const typed = await parseShare(byId("proof").value, [list]);
      if (typed.index !== asked.index || typed.set !== asked.set) throw new Problem("shares", `This is a good part, but not part ${asked.index}.`);
      await combine([typed, ...made.shares.filter((s) => s.index !== typed.index).slice(0, typed.needed - 1)]);
      await post("/staff/office/parts", { parts: made.parts, wraps: made.wraps });
      location.replace("/staff/office?done=parts");
    } catch (error) {
      byId("proof-problem").textContent = wordsFor(error);
      byId("finish").disabled = false;
    }
  });
  splitForm.hidden = false;
}

// close wipes the parts: enough of them open every report.
function close() {
  if (!made) return;
  made = asked = undefined;
  byId("cards").replaceChildren();
  byId("proof").value = "";
  sharesPart.hidden = proofForm.hidden = true;
  splitForm.hidden = false;
  byId("problem").textContent = "Your keys were locked. Make the parts again.";
}

document.addEventListener("waylight:locked", close);
if (splitForm) {
  try {
    await begin();
  } catch (error) {
    sayIn(byId("unlock"), error);
  }
}

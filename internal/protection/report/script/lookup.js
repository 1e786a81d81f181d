// SPDX-License-Identifier: Apache-2.0
//
// lookup.js: the page on which a receipt is looked up works without this file. With it, the seven words stay on the device: what is sent finds the report and
// opens nothing.
import { parseReceipt, receiptKeys } from "../../../platform/seal/assets/receipt.js";
import { base64url, make, post, show, tell, trouble } from "./page.js";

async function find(form) {
  const field = form.elements.receipt, typed = field.value, d = form.dataset;
  const wrong = (e) => {
    if (e.code === "word") {
      const nearest = e.suggestions.length ? " " + d.suggest.replace("{words}", e.suggestions.join(", ")) : "";
      return d.word.replace("{position}", e.position) + nearest;
    }
    if (e.code === "count") return (e.have === 1 ? d.one : d.count).replace("{count}", e.have);
    return e.code === "checksum" ? d.checksum : d.network;
  };
  try {
    const { secret, lang } = await parseReceipt(typed);
    const keys = await receiptKeys(secret);
    const { page } = await post("/receipt", String(new URLSearchParams({ lang: form.elements.lang.value, lookup: base64url(keys.lookup) })), "application/x-www-form-urlencoded");
    if (!page) throw new Error();
    await show(page, () => { const again = page.getElementById("receipt"); if (again) again.value = typed; });
    if (document.getElementById("found-title")) tell({ secret, lang, ...keys });
  } catch (e) {
    const p = make("p");
    p.append(make("a", wrong(e), { href: "#receipt" }));
    trouble(document.getElementById("trouble").dataset.title, p);
    field.closest(".q").classList.add("q-wrong");
  }
}

document.addEventListener("submit", (e) => {
  if (e.target.id !== "look" || !isSecureContext) return;
  e.preventDefault();
  find(e.target);
});

// SPDX-License-Identifier: Apache-2.0
//
// answers.js: the page's answers, taken apart as the server does it where it seals: what routing needs, the words, and what is about the sender.

export const decides = (form, name) => form.dataset.watch.split(" ").includes(name);
export const fieldOf = (form, name) => form.querySelector(`[name="${CSS.escape(name)}"]`);

// clear gives the answers that decide who is told, and nothing else. A county is sent only as the list spells it: what else is typed there are words.
export function clear(form) {
  const out = new URLSearchParams([["lang", form.elements.lang.value]]);
  for (const [name, value] of new FormData(form)) {
    if (decides(form, name) && value.trim() && !strange(form, name, value)) out.append(name, value);
  }
  return out;
}

const plain = (county) => county.toLowerCase().replace(/ county\s*$/, "").trim();

// strange says whether a county is not in the list that stands beside it.
function strange(form, name, value) {
  const { list } = fieldOf(form, name);
  return list && ![...list.options].some((o) => plain(o.value) === plain(value));
}

// words gives the answers to be sealed, {body, reporter}, and what is wrong with them: [field, problem].
export function words(form) {
  const out = { body: {}, reporter: {}, wrong: [] };
  for (const [name, value] of new FormData(form)) {
    const field = fieldOf(form, name);
    const text = value.replace(/\r\n?/g, "\n").replace(/[\0-\x08\x0b-\x1f\x7f-\x9f]/g, "");
    if (name === "lang" || name[0] === "_" || !text.trim()) continue;
    if (decides(form, name)) {
      if (strange(form, name, value)) out.wrong.push([field, "county"]);
      continue;
    }
    const part = field.closest("[data-part]") ? out.reporter : out.body;
    (part[name.replace(/\.county$/, "")] ??= []).push(text);
    if (field.dataset.max && [...text].length > field.dataset.max) out.wrong.push([field, "long"]);
  }
  for (const need of form.querySelectorAll(".q:not([hidden]) .need")) {
    const fields = [...need.closest(".q").querySelectorAll("input,select,textarea")];
    if (!fields.some((f) => (/radio|checkbox/.test(f.type) ? f.checked : f.value.trim()))) out.wrong.push([fields[0], "required"]);
  }
  return out;
}

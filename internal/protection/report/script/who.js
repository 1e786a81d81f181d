// SPDX-License-Identifier: Apache-2.0
//
// who.js: the list of who will be told, drawn as the server's template draws it.

import { make } from "./page.js";

const paragraphs = (lines, attributes) => (lines ?? []).map((line) => make("p", line, attributes));

function box(b) {
  const id = b.field + "-" + b.value;
  const div = make("div", "", { class: "choice" });
  div.append(
    make("input", "", { type: "checkbox", id, name: b.field, value: b.value, autocomplete: "off", "aria-describedby": id + "-hint", checked: b.checked && "" }),
    make("label", b.label, { for: id }),
    make("span", b.hint, { class: "hint", id: id + "-hint" }));
  return div;
}

function item(i) {
  const li = make("li");
  li.append(make("b", i.name), ...paragraphs(i.lines));
  for (const { words, href } of i.links ?? []) {
    const p = make("p");
    p.append(make("a", words, { href }));
    li.append(p);
  }
  li.append(...paragraphs(i.why, { class: "meta" }));
  return li;
}

export function section(s) {
  const el = make("section", "", { class: "panel", id: "who-" + s.id });
  const text = s.text ? [make("p", s.text)] : [];
  if (s.boxes) {
    const set = make("fieldset"), choices = make("div", "", { class: "choices" });
    choices.append(...s.boxes.map(box));
    set.append(make("legend", s.title), ...text, choices);
    el.append(set);
    return el;
  }
  el.append(make("h3", s.title), ...text);
  if (s.items) {
    const ul = make("ul");
    ul.append(...s.items.map(item));
    el.append(ul);
  }
  return el;
}

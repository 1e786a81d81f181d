// SPDX-License-Identifier: Apache-2.0
// The page works without this file. With it, the list of who will be told is
// there as soon as enough is answered. Only the answers that decide it are
// sent for that, never a sender's words.
const form = document.querySelector("form[data-who]");
if (form) {
  const list = document.getElementById("who-list");
  const say = document.getElementById("who-say");
  const shown = form.elements._shown;
  const preview = form.querySelector('button[value="preview"]');
  const send = form.querySelector('button[value="send"]');
  const watched = form.dataset.watch.split(" ");
  let turn = 0, timer;

  const make = (tag, text, attributes = {}) => {
    const el = document.createElement(tag);
    if (text) el.textContent = text;
    for (const [name, value] of Object.entries(attributes)) if (value !== false) el.setAttribute(name, value);
    return el;
  };

  const paragraphs = (lines, attributes) => (lines ?? []).map((line) => make("p", line, attributes));

  const box = (b) => {
    const id = b.field + "-" + b.value;
    const div = make("div", "", { class: "choice" });
    div.append(
      make("input", "", { type: "checkbox", id, name: b.field, value: b.value, autocomplete: "off", "aria-describedby": id + "-hint", checked: b.checked && "" }),
      make("label", b.label, { for: id }),
      make("span", b.hint, { class: "hint", id: id + "-hint" }));
    return div;
  };

  const item = (i) => {
    const li = make("li");
    li.append(make("b", i.name), ...paragraphs(i.lines));
    for (const l of i.links ?? []) {
      const p = make("p");
      p.append(make("a", l.words, { href: l.href }));
      li.append(p);
    }
    li.append(...paragraphs(i.why, { class: "meta" }));
    return li;
  };

  const section = (s) => {
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
  };

  const draw = (who) => {
    const before = list.textContent;
    const at = list.contains(document.activeElement) ? document.activeElement.id : "";
    list.replaceChildren(...who.sections.map(section));
    if (at) document.getElementById(at)?.focus();
    if (list.textContent !== before) {
      say.textContent = "";
      setTimeout(() => { say.textContent = say.dataset.say; }, 100); // emptied first, or it is not spoken again
    }
    shown.value = who.shown;
    send.hidden = !who.shown;
    preview.hidden = !!who.shown;
  };

  const ask = async () => {
    const mine = ++turn;
    const answers = new URLSearchParams([["lang", form.elements.lang.value]]);
    for (const [name, value] of new FormData(form)) if (watched.includes(name)) answers.append(name, value);
    try {
      const answer = await fetch(form.dataset.who, { method: "POST", body: answers });
      if (mine !== turn) return;
      if (answer.ok) return draw(await answer.json());
    } catch { /* the button below asks in the page itself */ }
    if (mine !== turn) return;
    preview.hidden = false;
    send.hidden = true;
  };

  form.addEventListener("change", (e) => {
    if (!watched.includes(e.target.name)) return;
    clearTimeout(timer);
    timer = setTimeout(ask, 150);
  });
  if (!shown.value) ask();
}

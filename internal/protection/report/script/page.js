// SPDX-License-Identifier: Apache-2.0
//
// page.js: what the sender's two pages share: posting, and showing the page that the server answers with.
import { b64 } from "../../../platform/seal/assets/bytes.js";

// post sends something and gives {status, page, error}: page is a document when the server answered with one, error what it says went wrong. An answer
// that never came has the status 0. (XMLHttpRequest reads a page without any of the ways by which text could become script.)
export function post(address, body, type, proof) {
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    request.open("POST", address);
    request.setRequestHeader("Accept", "text/html");
    request.setRequestHeader("Content-Type", type);
    if (proof) request.setRequestHeader("Waylight-Work", proof);
    request.onreadystatechange = () => {
      if (request.readyState === 2) request.responseType = /html/.test(request.getResponseHeader("Content-Type")) ? "document" : "json";
    };
    request.onloadend = () => {
      const answer = request.response;
      done(answer?.body ? { status: request.status, page: answer } : { status: answer ? request.status : 0, error: answer?.error });
    };
    request.send(body);
  });
}

// load brings a script: under its hash first, since import() knows none and would ask again for what was refused.
export async function load({ src, href = src, integrity }) {
  await new Promise((onload, onerror) => document.head.append(Object.assign(make("link"), { rel: "modulepreload", href, integrity, onload, onerror })));
  return src && import(src);
}

// show puts the answered page in the place of this one. No entry is added to the history, and the scripts of the page hear of it. A browser that
// cannot load them does without.
export async function show(page, prepare) {
  prepare(page);
  document.querySelector("main").replaceWith(page.querySelector("main"));
  document.dispatchEvent(new Event("drawn"));
  document.querySelector("[data-focus],main h1")?.focus();
  scrollTo(0, 0);
  try {
    for (const file of page.querySelectorAll("[rel=modulepreload],[type=module]")) await load(file);
  } catch {} // what they add is missing then; what the server said stands
}

// make makes an element.
export function make(tag, text, attributes = {}) {
  const el = document.createElement(tag);
  if (text) el.textContent = text;
  for (const [name, value] of Object.entries(attributes)) if (value !== false) el.setAttribute(name, value);
  return el;
}

// trouble shows in the page's own box what went wrong.
export function trouble(title, ...rest) {
  const box = document.getElementById("trouble");
  box.replaceChildren(make("h2", title), ...rest);
  box.className = "summary";
  box.role = "alert";
  box.ariaLabel = title;
  box.hidden = false;
  box.focus();
}

// tell says to the scripts of this page what the receipt's holder holds: {secret, lookup, seed, signSeed, lang}. It never leaves the page.
export const tell = (detail) => document.dispatchEvent(new CustomEvent("receipt", { detail }));

export const base64url = (bytes) => b64(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");

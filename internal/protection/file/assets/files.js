// SPDX-License-Identifier: Apache-2.0
//
// files.js: the files of a report, opened in a member's browser. The server sends sealed parts; what is in them exists on this page alone, is looked at in a frame
// of no origin, and is wiped when the page is left or the keys are locked.
import { element, get, openContent, openingToken, post, Problem, ready, rewrap, signStatement, sinceNow, wordsFor } from "./keys.js";
import { headHash, openFile } from "./filesealing.js";
import { hex } from "./bytes.js";
import { receiver } from "./receivers.js";

const LOOKED_AT = 64 * 2 ** 20; // bytes of a file that are looked at whole; of a larger one the beginning is
const BEGINNING = 2 ** 20;

const root = document.getElementById("files");
const { report, program, office, member } = root.dataset;
const here = `/staff/report/${report}/files`;
const say = document.getElementById("say");
const all = (css) => [...root.querySelectorAll(css)];
const row = (id) => document.getElementById(`f-${id}`);

// attempt runs an act of the page, with its button off meanwhile, and says what went wrong.
async function attempt(button, act) {
  button.disabled = true;
  say.textContent = "";
  try {
    await act();
  } catch (error) {
    say.className = "error";
    say.textContent = error.name === "AbortError" ? "Nothing was written to the disk." : wordsFor(error);
  } finally {
    button.disabled = false;
  }
}

function tell(text) {
  say.className = "good";
  say.textContent = text;
}

// statement must be the same as file.OpenedStatement.
const statement = (id, hash, act) =>
  `waylight/file-opened/v1\nprogram ${program}\nfile ${id}\nhead ${hex(hash)}\nact ${act}\noffice ${office}\nmember ${member}\n`;

// opened opens the wrap for the office. One that no key of the office opens is reported, so that somebody who can open the file makes another.
async function opened(id, wrap, hash) {
  try {
    return await openContent({ program, id, office, wrap, hash, recipient: office });
  } catch (error) {
    if (error?.kind !== "open") throw error;
    await post(`${here}/${id}/unopened`, {});
    throw new Problem("open", "No key of your office opens this file. The other offices that hold the report see that, and can make it readable for you again.");
  }
}

// unseal opens a file's key and proves it to the server, which records who it was.
async function unseal(id, act) {
  await ready(document.getElementById("keys"), office);
  const still = sinceNow();
  const file = (await get(`${here}/list`)).files.find((f) => f.id === id);
  if (!file?.wrap) throw new Problem("open", "Your office cannot open this file yet.");
  const hash = await headHash(file.token);
  const contentKey = await opened(id, file.wrap, hash);
  await post(`${here}/${id}/${act}`, { token: await openingToken(contentKey), signature: await signStatement(statement(id, hash, act)), warned: act === "downloaded" });
  still();
  return { ...file, contentKey, hash, still };
}

// pieces fetches part after part, until the reader has enough.
async function* pieces(file) {
  for (let n = 0; n < file.parts; n++) {
    const answer = await fetch(`${here}/${file.id}/${n}`, { redirect: "manual" }).catch(() => null); // an ended session is a redirect
    if (!answer?.ok) throw new Problem("server", "A part of the file could not be fetched. Please try again.");
    const piece = new Uint8Array(await answer.arrayBuffer());
    file.still();
    yield piece;
  }
}

const opening = (file) => openFile({ contentKey: file.contentKey, program, id: file.id, pieces: pieces(file) });

// safeName is a name that a disk takes and that shows as what it is.
export function safeName(name) {
  const plain = name.normalize("NFC").replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "").replace(/[\\/:*?"<>|]/g, "_").replace(/^[.\s]+|[.\s]+$/g, "");
  return [...plain].slice(-120).join("") || "file";
}

function named(id, info) {
  const name = row(id).querySelector("[data-name]");
  name.textContent = info.name.replace(/[\p{Cc}\p{Cf}]/gu, "\u2400");
  name.hidden = false;
}

// ---- looking at it

async function look(id) {
  const file = await unseal(id, "opened");
  const wanted = file.size <= LOOKED_AT ? Infinity : BEGINNING;
  const chunks = [];
  let info, read = 0, whole = true;
  try {
    for await (const piece of opening(file)) {
      file.still();
      if (piece.info) named(id, info = piece.info);
      else {
        chunks.push(piece.bytes);
        read += piece.bytes.length;
      }
      if (read >= wanted) {
        whole = false;
        break;
      }
    }
  } catch (error) {
    if (error.kind !== "truncated" || !info) throw error;
    whole = false;
  }
  const bytes = new Uint8Array(read);
  let at = 0;
  for (const c of chunks) {
    bytes.set(c, at);
    at += c.length;
  }
  file.still();
  const warnings = await inFrame(id, { name: info.name, type: info.type, size: info.size ?? read, all: whole, bytes: bytes.buffer });
  const care = warnings ? ` The frame warns of ${warnings === 1 ? "one thing" : `${warnings} things`}: read that first.` : "";
  tell(`Opened here.${whole ? "" : " Only a part of it is here, or was looked at."}${care}`);
}

// inFrame hands bytes to a page that has no origin and can reach nothing.
function inFrame(id, file) {
  const frame = element("iframe", { title: `What is in this file: ${file.name}`, src: "/staff/files/preview", referrerPolicy: "no-referrer" });
  frame.setAttribute("sandbox", "allow-scripts");
  frame.className = "preview";
  frame.style.width = "100%";
  frame.style.height = "60vh";
  return new Promise((done, fail) => {
    const heard = new AbortController();
    const end = (settle) => {
      heard.abort();
      clearTimeout(timer);
      settle();
    };
    const timer = setTimeout(() => end(() => fail(new Problem("server", "The frame that shows the file did not come. Please try again."))), 60000);
    const hear = ({ source, data }) => {
      if (source !== frame.contentWindow) return;
      if (data?.ready) frame.contentWindow.postMessage(file, "*", [file.bytes]); // of no origin: there is none to name
      if (data?.shown) end(() => done(Number(data.warnings) || 0));
    };
    addEventListener("message", hear, { signal: heard.signal });
    const locked = () => end(() => fail(new Problem("locked", "Your keys were locked meanwhile. Open them again.")));
    document.addEventListener("waylight:locked", locked, { signal: heard.signal });
    row(id).querySelector("[data-frame]").replaceChildren(frame);
  });
}

function close() {
  for (const frame of all("[data-frame]")) frame.replaceChildren();
  for (const name of all("[data-name]")) {
    name.textContent = "";
    name.hidden = true;
  }
}

// ---- taking it

async function take(id) {
  const file = await unseal(id, "downloaded");
  const from = opening(file);
  const { info } = (await from.next()).value;
  file.still();
  named(id, info);
  const write = await target(safeName(info.name));
  let cut = false;
  try {
    for await (const { bytes } of from) {
      file.still();
      await write.write(bytes);
    }
  } catch (error) {
    if (error.kind !== "truncated") {
      await write.abort();
      throw error;
    }
    cut = true;
  }
  await write.close();
  tell(cut ? "What arrived of the file is on your disk. The rest never came." : "The file is on your disk, exactly as it was sent.");
}

// target writes straight to the disk where the browser can; elsewhere the browser keeps the pieces until the last one is there.
async function target(name) {
  if (globalThis.showSaveFilePicker) {
    try {
      return await (await showSaveFilePicker({ suggestedName: name })).createWritable();
    } catch (error) {
      if (error.name === "AbortError") throw error; // the member changed their mind
    }
  }
  const parts = [];
  return {
    write: async (bytes) => { parts.push(new Blob([bytes])); },
    abort: async () => { parts.length = 0; },
    close: async () => {
      const url = URL.createObjectURL(new Blob(parts, { type: "application/octet-stream" }));
      const link = element("a", { href: url, download: name });
      document.body.append(link);
      link.click();
      link.remove();
      setTimeout(() => URL.revokeObjectURL(url), 60000);
    },
  };
}

for (const button of all("button[data-look]")) {
  button.hidden = false;
  button.addEventListener("click", () => attempt(button, () => look(button.dataset.look)));
}
for (const button of all("button[data-take]")) {
  const warning = root.querySelector(`form[data-warning="${button.dataset.take}"]`);
  button.hidden = false;
  button.addEventListener("click", () => {
    warning.hidden = false;
    warning.querySelector("input").focus();
  });
  warning.querySelector("[data-cancel]").addEventListener("click", () => {
    warning.hidden = true;
    button.focus();
  });
  warning.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(event.submitter, async () => {
      await take(button.dataset.take);
      warning.hidden = true;
      warning.reset();
    });
  });
}
for (const button of all("button[data-share]")) {
  button.hidden = false;
  button.addEventListener("click", () => attempt(button, async () => {
    const { share: id, to, chain } = button.dataset;
    const { key, keyId } = await receiver({ chain, program, office: to });
    const { contentKey, hash } = await unseal(id, "opened"); // who shares a file has proved that it opens
    await post(`${here}/${id}/wrap`, { office: to, key_id: keyId, wrap: await rewrap({ contentKey, publicKey: key, program, id, hash, recipient: to }) });
    button.parentElement.remove();
    tell("They can open the file now.");
  }));
}
addEventListener("pagehide", close);
document.addEventListener("waylight:locked", close);

// SPDX-License-Identifier: Apache-2.0
//
// fileupload.js: sends files under a receipt, each sealed here, part by part. It draws nothing: filesend.js does. The server gets the lookup, never the seven
// words, and the names and contents of files only sealed.
import { b64, bytesOf, equal, hex, Problem, random } from "./bytes.js";
import { verifyChain } from "./directory.js";
import { fileSealer, headHash } from "./filesealing.js";
import { keyID, openWrap, publicFromSeed, wrapContent } from "./sealing.js";

const LONGEST_NAME = 255; // bytes
const FIRST_PAUSE = 1000, LONGEST_PAUSE = 30000; // ms between attempts on a broken connection
const LARGEST_PICTURE = 100e6; // bytes that are tried to be drawn

const refuse = (code) => Object.assign(new Problem("file", ""), { code });

// newID makes a file's number in the form in which ids are written.
export function newID() {
  let bits = 0n;
  for (const byte of random(16)) bits = (bits << 8n) | BigInt(byte);
  bits <<= 2n;
  let text = "";
  for (let i = 0; i < 26; i++, bits >>= 5n) text = "abcdefghijklmnopqrstuvwxyz234567"[Number(bits & 31n)] + text;
  return text;
}

// ask posts JSON and gives {status, body}; an answer that never came has the status 0.
async function ask(method, path, body, type) {
  try {
    const answer = await fetch(path, { method, body, credentials: "omit", headers: type ? { "Content-Type": type } : {} });
    return { status: answer.status, body: await answer.json() };
  } catch {
    return { status: 0, body: {} };
  }
}

const askJSON = (path, value) => ask("POST", path, JSON.stringify(value), "application/json");

// find asks what the server knows of a receipt's files.
export async function find(lookup, lang) {
  const { status, body } = await askJSON("/receipt/files/find", { lookup: b64(lookup), lang });
  if (status !== 200) throw refuse(body.error?.code ?? "other");
  return body;
}

// readersOf checks the keys of the offices that may read, and refuses any that does not rest on the pinned directory key.
export async function readersOf(found, pinned) {
  return Promise.all(found.readers.map(async (chain) => {
    const key = await verifyChain(chain, pinned, found.program, chain.office);
    return { office: chain.office, key, id: hex(await keyID(key)) };
  }));
}

// showable says whether a name can be kept: text without control signs and without signs that turn its direction round.
const showable = (name) => name !== "" && new TextEncoder().encode(name).length <= LONGEST_NAME && name.isWellFormed() &&
  !/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u.test(name);

// unfinished finds the upload that this file can go on with: the same content, as far as it came.
async function unfinished(box, blob, info) {
  for (const old of box.found.files) {
    if (!old.resume || !old.marks || box.taken.has(old.id)) continue;
    let contentKey;
    try {
      const bound = { program: box.found.program, id: old.id, hash: await headHash(old.token), recipient: "receipt" };
      contentKey = await openWrap(box.keys.seed, old.resume, bound);
    } catch {
      continue; // not ours to go on with
    }
    const sealer = await fileSealer({ program: box.found.program, id: old.id, blob, info, contentKey });
    const marks = bytesOf(old.marks);
    let same = sealer.parts >= old.parts;
    for (let n = 0; same && n < old.parts; n++) same = equal(await sealer.mark(n), marks.subarray(32 * n, 32 * n + 32));
    if (!same || box.taken.has(old.id)) continue;
    return { id: old.id, sealer, next: old.parts };
  }
  return null;
}

// Upload is one file on its way. `tell(state, detail)` hears how it goes: "locking", "found", "sending" (0 to 1), "offline", "paused", "whole", "stopped",
// "failed" (a code).
export class Upload {
  constructor(box, blob, info, tell, copyOf = "") {
    Object.assign(this, { box, blob, info, tell, copyOf, id: "", wanted: "on", wake: () => {} });
  }

  pause() { this.wanted = "pause"; this.tell("paused"); }
  resume() { this.wanted = "on"; this.wake(); }
  stop() { this.wanted = "stop"; this.wake(); }

  // rest waits until the upload may go on; false: it was stopped.
  async rest(time) {
    if (time) await new Promise((done) => { this.wake = done; setTimeout(done, time); addEventListener("online", done, { once: true }); });
    while (this.wanted === "pause") await new Promise((done) => { this.wake = done; });
    return this.wanted !== "stop";
  }

  // run sends the file; true: all of it is there.
  async run() {
    try {
      this.tell("locking");
      this.check();
      const old = this.copyOf ? null : await unfinished(this.box, this.blob, this.info);
      if (old) this.tell("found");
      const { id, sealer, next } = old ?? await this.begin();
      this.id = id;
      this.box.taken.add(id);
      if (!(await this.send(sealer, next))) return await this.giveUp();
      this.tell("whole");
      return true;
    } catch (error) {
      if (error.name === "NotReadableError" || error.name === "NotFoundError") error = refuse("file_changed");
      if (error.kind === "chain") error = refuse("file_chain");
      this.box.taken.delete(this.id); // the same file may go on later
      this.tell("failed", error.code ?? "other");
      return false;
    }
  }

  check() {
    if (!showable(this.info.name)) throw refuse("file_name");
    if (this.blob.size === 0) throw refuse("file_empty");
    if (this.blob.size > this.box.found.limit) throw refuse("file_size_before");
  }

  async begin() {
    const { found, readers, keys } = this.box;
    const { program } = found;
    if (readers.length === 0) throw refuse("file_no_reader");
    const id = newID();
    const sealer = await fileSealer({ program, id, blob: this.blob, info: this.info });
    const bound = { program, id, hash: sealer.hash };
    const wraps = await Promise.all(readers.map(async (r) => ({
      holder: r.office, key_id: r.id, wrap: b64(await wrapContent(sealer.contentKey, r.key, { ...bound, recipient: r.office })),
    })));
    const resume = b64(await wrapContent(sealer.contentKey, await publicFromSeed(keys.seed), { ...bound, recipient: "receipt" }));
    const answer = await this.until(() => askJSON("/receipt/files/begin",
      { program, lookup: b64(keys.lookup), file: id, copy_of: this.copyOf, token: b64(sealer.token), size: sealer.size, resume, wraps }));
    return { id, sealer, next: answer?.next ?? 0 };
  }

  // send sends part after part; the next one is sealed while one is on its way.
  async send(sealer, next) {
    const { keys, found } = this.box;
    const sealed = (n) => Promise.all([sealer.sealPart(n), sealer.mark(n)]);
    let ahead = next < sealer.parts ? sealed(next) : null, at = next;
    while (at < sealer.parts) {
      if (this.wanted === "on") this.tell("sending", at / sealer.parts);
      const [part, mark] = await ahead;
      const coming = at + 1 < sealer.parts ? sealed(at + 1) : null;
      coming?.catch(() => {}); // heard when it is waited for
      const answer = await this.until(() => ask("PUT", `/receipt/files/${found.program}/${this.id}/${at}`, new Blob([keys.lookup, mark, part])));
      if (!answer) return false;
      ahead = answer.next === at + 1 ? coming : answer.next < sealer.parts ? sealed(answer.next) : null;
      at = answer.next;
    }
    if (this.wanted === "on") this.tell("sending", 1); // or "paused" and its button would go
    const end = { program: found.program, lookup: b64(keys.lookup), file: this.id, parts: sealer.parts, whole: true };
    return Boolean(await this.until(() => askJSON("/receipt/files/end", end)));
  }

  // until asks again while the connection is broken or the server is busy. It gives the answer, or null when the upload was stopped.
  async until(act) {
    for (let pause = FIRST_PAUSE; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      if (!(await this.rest())) return null;
      const { status, body } = await act();
      if (status === 200 || (status === 409 && Number.isInteger(body.next))) return body;
      const code = body.error?.code;
      if (status !== 0 && code !== "file_busy" && status !== 502 && status !== 504 && !(status === 503 && !code?.startsWith("file_"))) throw refuse(code ?? "other");
      if (this.wanted === "on") this.tell("offline");
      if (!(await this.rest(pause))) return null;
    }
  }

  // giveUp ends a stopped upload: what arrived stays.
  async giveUp() {
    if (this.id) {
      await askJSON("/receipt/files/end", { program: this.box.found.program, lookup: b64(this.box.keys.lookup), file: this.id, parts: 0, whole: false });
    }
    this.tell("stopped");
    return false;
  }
}

// drawable says whether a picture can have a copy without hidden data.
export const drawable = (file) => /^image\/(jpeg|png|webp)$/.test(file.type) && file.size <= LARGEST_PICTURE;

// withoutHiddenData draws a picture anew: what a camera wrote beside the picture stays behind. null: this browser cannot read it.
export async function withoutHiddenData(file) {
  try {
    const picture = await createImageBitmap(file);
    const canvas = Object.assign(document.createElement("canvas"), { width: picture.width, height: picture.height });
    canvas.getContext("2d").drawImage(picture, 0, 0);
    picture.close();
    return await new Promise((done) => canvas.toBlob(done, file.type, 0.92));
  } catch {
    return null;
  }
}

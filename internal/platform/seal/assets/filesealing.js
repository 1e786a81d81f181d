// SPDX-License-Identifier: Apache-2.0
//
// filesealing.js: the format of docs/spec/sealed-file.md in the browser, both ways. The other half is internal/platform/seal/file.go; both pass the same
// vectors. A file is never held whole: it is read, sealed and opened in parts of sixteen chunks.
import { bytesOf, concat, derive, equal, field, malformed, named, Problem, random, recordBytes, sha256 } from "./bytes.js";

const CHUNK = 65536;
const SEALED_CHUNK = CHUNK + 12 + 16;
const PART_CHUNKS = 16;
const PART = PART_CHUNKS * CHUNK;
const MAGIC = new Uint8Array([0x57, 0x4c, 0x46, 0x01]); // "WLF" and the version
const HEADER = 36;
const MAX_INFO = 4096;

const utf8 = new TextEncoder();

// sealedPartSize is the size of every whole part but the first, which has the header before it.
export const sealedPartSize = PART_CHUNKS * SEALED_CHUNK;

const altered = () => new Problem("open", "This file cannot be opened. It was sealed for another office, or it was altered.");
const truncated = () => new Problem("truncated", "This file was cut short: only part of it is here.");

const tokenHash = async (contentKey) => sha256(await derive(bytesOf(contentKey), "waylight/opened/v1"));

// headHash is what the wraps of a file are bound to.
export const headHash = (token) => sha256(concat(utf8.encode("waylight/file-head/v1"), MAGIC, bytesOf(token)));

async function fileKey(contentKey) {
  return crypto.subtle.importKey("raw", await derive(bytesOf(contentKey), "waylight/file-key/v1"), "AES-GCM", false, ["encrypt", "decrypt"]);
}

function parameters(bound, index, last, iv) {
  const place = new Uint8Array(9);
  new DataView(place.buffer).setBigUint64(0, BigInt(index));
  place[8] = last ? 1 : 0;
  return { name: "AES-GCM", iv, additionalData: concat(bound, place) };
}

const binding = (program, id) => concat(field("waylight/file/v1"), named(program), field(recordBytes(id)));

// ---- sealing

// fileSealer prepares a Blob or File to be sealed under a record. info: {name, type, size, modified}. It gives
// {contentKey, token, hash, parts, size, sealPart(n), mark(n)}: any part can be sealed at any time, which is what lets an upload go on.
export async function fileSealer({ program, id, blob, info, contentKey = random(32) }) {
  const key = await fileKey(contentKey);
  const token = await tokenHash(contentKey);
  const bound = binding(program, id);
  const text = utf8.encode(JSON.stringify({ name: info.name, type: info.type, size: info.size, modified: info.modified ?? null }));
  if (text.length > MAX_INFO) throw new Problem("name", "The name of this file is too long.");
  const prefix = concat(new Uint8Array([0, 0, text.length >> 8, text.length & 0xff]), text);
  const length = prefix.length + blob.size; // of what is sealed, without the padding
  const chunks = Math.floor(length / CHUNK) + 1;

  // plain gives what is to be sealed between two places; behind the end there is less of it.
  async function plain(from, to) {
    const out = new Uint8Array(Math.max(0, Math.min(to, length) - from));
    if (from < prefix.length) out.set(prefix.subarray(from, Math.min(to, prefix.length)));
    const at = Math.max(from, prefix.length), end = Math.min(to, length);
    if (at < end) out.set(new Uint8Array(await blob.slice(at - prefix.length, end - prefix.length).arrayBuffer()), at - from);
    return out;
  }

  async function sealChunk(padded, index) {
    const iv = random(12);
    return [iv, new Uint8Array(await crypto.subtle.encrypt(parameters(bound, index, index === chunks - 1, iv), key, padded))];
  }

  const parts = Math.ceil(chunks / PART_CHUNKS);
  return {
    contentKey, token, parts, hash: await headHash(token), size: HEADER + chunks * SEALED_CHUNK,

    async sealPart(n) {
      const first = n * PART_CHUNKS, count = Math.min(PART_CHUNKS, chunks - first);
      const padded = new Uint8Array(count * CHUNK);
      const content = await plain(n * PART, (n + 1) * PART);
      padded.set(content);
      if (first + count === chunks) padded[content.length] = 0x80;
      const sealed = await Promise.all(Array.from({ length: count }, (_, i) => sealChunk(padded.subarray(i * CHUNK, (i + 1) * CHUNK), first + i)));
      return concat(...(n === 0 ? [MAGIC, token] : []), ...sealed.flat());
    },

    // mark is a keyed hash of a part's content: whether a file chosen again is the same one.
    async mark(n) {
      const place = new Uint8Array(8);
      new DataView(place.buffer).setBigUint64(0, BigInt(n));
      const hmac = await crypto.subtle.importKey("raw", await derive(bytesOf(contentKey), "waylight/file-mark/v1"), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
      return new Uint8Array(await crypto.subtle.sign("HMAC", hmac, concat(place, await plain(n * PART, (n + 1) * PART))));
    },
  };
}

// ---- opening

// openFile opens a sealed file that comes in pieces of any size (an async iterable of bytes). It yields {info} and then the content as bytes. It throws a
// Problem of kind "open", "malformed", or, when all that came is right but more should have come, "truncated".
export async function* openFile({ contentKey, program, id, pieces }) {
  const key = await fileKey(contentKey);
  const bound = binding(program, id);
  const from = pieces[Symbol.asyncIterator]();
  let held = new Uint8Array(0), ended = false;

  // fill holds at least so many bytes, if so many come.
  async function fill(size) {
    const more = [held];
    let have = held.length;
    while (!ended && have < size) {
      const { value, done } = await from.next();
      ended = !!done;
      if (value) {
        more.push(value);
        have += value.length;
      }
    }
    if (more.length > 1) held = concat(...more);
  }

  await fill(HEADER);
  if (held.length < HEADER || !equal(held.subarray(0, 4), MAGIC)) throw malformed();
  // Without this comparison one file could show different things to two offices.
  if (!equal(await tokenHash(contentKey), held.subarray(4, HEADER))) throw altered();
  held = held.subarray(HEADER);

  const openChunk = (sealed, index, last) =>
    crypto.subtle.decrypt(parameters(bound, index, last, sealed.slice(0, 12)), key, sealed.subarray(12)).then((b) => new Uint8Array(b), () => null);
  let index = 0, info = null, read = 0;

  function content(plain) {
    if (info) return plain;
    const size = plain.length < 4 ? MAX_INFO + 1 : new DataView(plain.buffer, plain.byteOffset).getUint32(0);
    if (size > MAX_INFO || 4 + size > plain.length) throw malformed();
    info = readInfo(plain.subarray(4, 4 + size));
    return plain.subarray(4 + size);
  }

  for (;;) {
    // All whole chunks but one, so that the last is known to be the last.
    await fill((PART_CHUNKS + 1) * SEALED_CHUNK);
    const whole = Math.floor(held.length / SEALED_CHUNK);
    const rest = held.length % SEALED_CHUNK;
    if (whole === 0) throw truncated();
    const sure = whole - (ended ? 1 : rest === 0 ? 1 : 0);
    const take = Math.min(sure, PART_CHUNKS);
    const opened = await Promise.all(Array.from({ length: take }, (_, i) => openChunk(held.subarray(i * SEALED_CHUNK, (i + 1) * SEALED_CHUNK), index + i, false)));
    for (const plain of opened) {
      if (!plain) throw altered();
      const first = !info, bytes = content(plain);
      if (first) yield { info };
      read += bytes.length;
      yield { bytes };
    }
    index += take;
    held = held.subarray(take * SEALED_CHUNK);
    if (!ended || held.length >= 2 * SEALED_CHUNK) continue;
    yield* lastChunk();
    return;
  }

  async function* lastChunk() {
    const sealed = held.subarray(0, SEALED_CHUNK);
    let plain = await openChunk(sealed, index, true);
    const cut = !plain;
    if (cut) plain = await openChunk(sealed, index, false);
    if (!plain) throw altered();
    if (!cut) {
      if (held.length > SEALED_CHUNK) throw malformed();
      let end = plain.length;
      while (end > 0 && plain[end - 1] === 0) end--;
      if (end === 0 || plain[end - 1] !== 0x80) throw malformed();
      plain = plain.subarray(0, end - 1);
    }
    const first = !info, bytes = content(plain);
    read += bytes.length;
    if (!cut && info.size !== null && info.size !== read) throw malformed();
    if (first) yield { info };
    yield { bytes };
    if (cut) throw truncated();
  }
}

// readInfo reads what a file says of itself. The sender may have written anything there.
function readInfo(bytes) {
  let said;
  try {
    said = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw malformed();
  }
  const number = (n) => n === null || (Number.isSafeInteger(n) && n >= 0);
  if (typeof said?.name !== "string" || typeof said.type !== "string" || !number(said.size) || !(said.modified === null || Number.isSafeInteger(said.modified))) throw malformed();
  return { name: said.name, type: said.type, size: said.size, modified: said.modified };
}

// SPDX-License-Identifier: Apache-2.0
//
// shares.js: splitting a recovery key between people, as docs/spec/keys.md §3 says. A share is 325 bits, shown as 25 words of the English list.
import { concat, equal, Problem, random, sha256 } from "./sealing.js";

const VERSION = 1n;
const WORDS = 25;
const WORD_BITS = 13n;
const SET_BITS = 26;
const CHECK_BITS = 30n;
const SEED = 32;
const PROVING_POINT = 255;

const utf8 = new TextEncoder();

// refuse tells problems apart in the words of internal/platform/seal: "too_few", "other_set", "same_twice", "do_not_fit", "word", "count", "checksum", "version".
function refuse(code, message, more = {}) {
  return Object.assign(new Problem("shares", message), { code }, more);
}

// ---- GF(2^8) with x^8+x^4+x^3+x+1, without tables and without branches on secrets

export function mul(a, b) {
  let product = 0;
  for (let i = 0; i < 8; i++) {
    product ^= a & -(b & 1);
    a = ((a << 1) & 0xff) ^ (0x1b & -(a >> 7));
    b >>= 1;
  }
  return product & 0xff;
}

function inverse(a) {
  let result = 1, power = a;
  for (let i = 0; i < 7; i++) {
    power = mul(power, power);
    result = mul(result, power);
  }
  return result;
}

function evaluate(coefficients, x) {
  let y = 0;
  for (let i = coefficients.length - 1; i >= 0; i--) y = mul(y, x) ^ coefficients[i];
  return y;
}

// pointOf is the polynomial's value at x, from enough shares.
function pointOf(shares, x) {
  const out = new Uint8Array(SEED);
  for (const s of shares) {
    let weight = 1;
    for (const other of shares) if (other !== s) weight = mul(weight, mul(x ^ other.index, inverse(s.index ^ other.index)));
    for (let i = 0; i < SEED; i++) out[i] ^= mul(weight, s.data[i]);
  }
  return out;
}

async function setOf(secret, proof) {
  const sum = await sha256(concat(utf8.encode("waylight/share-set/v1"), secret, proof));
  return new DataView(sum.buffer).getUint32(0) >>> (32 - SET_BITS);
}

// split makes n shares of a 32-byte seed, of which any k rebuild it. noise is for the vectors.
export async function split(secret, k, n, noise = random((k - 1) * SEED)) {
  if (secret.length !== SEED || k < 2 || k > n || n > 32) throw refuse("too_few", "At least two shares must be needed, and at most 32 can be made.");
  const shares = Array.from({ length: n }, (_, i) => ({ index: i + 1, needed: k, data: new Uint8Array(SEED) }));
  const proof = new Uint8Array(SEED);
  for (let i = 0; i < SEED; i++) {
    const coefficients = [secret[i], ...noise.subarray(i * (k - 1), (i + 1) * (k - 1))];
    for (const s of shares) s.data[i] = evaluate(coefficients, s.index);
    proof[i] = evaluate(coefficients, PROVING_POINT);
  }
  const set = await setOf(secret, proof);
  return shares.map((s) => ({ ...s, set }));
}

// combine rebuilds the seed.
export async function combine(shares) {
  if (shares.length === 0) throw refuse("too_few", "There is no share yet.");
  const first = shares[0];
  const given = new Set();
  shares.forEach((s, i) => {
    if (s.set !== first.set || s.needed !== first.needed) throw refuse("other_set", `Share ${i + 1} belongs to another set than the first.`, { position: i + 1 });
    if (given.has(s.index)) throw refuse("same_twice", `Share ${i + 1} was given before.`, { position: i + 1 });
    given.add(s.index);
  });
  if (first.needed < 2 || shares.length < first.needed) throw refuse("too_few", `${first.needed} shares are needed; there are ${shares.length}.`);
  const enough = shares.slice(0, first.needed);
  const secret = pointOf(enough, 0);
  let fits = (await setOf(secret, pointOf(enough, PROVING_POINT))) === first.set;
  for (const s of shares.slice(first.needed)) fits = equal(pointOf(enough, s.index), s.data) && fits;
  if (!fits) throw refuse("do_not_fit", "The shares do not fit together: one of them was altered.");
  return secret;
}

// ---- words

// wordList loads a language's list, once per page.
const loading = new Map();
export function wordList(lang = "en") {
  if (!loading.has(lang)) loading.set(lang, load(lang));
  return loading.get(lang);
}

async function load(lang) {
  try {
    const answer = await fetch(`/staff/words/${lang}`);
    const words = answer.ok ? (await answer.text()).trim().split("\n") : [];
    if (words.length === 8192) return words;
  } catch {
    // told below, as any other failure
  }
  loading.delete(lang);
  throw refuse("list", "The list of words could not be loaded. Please try again.");
}

const numberOf = (bytes) => bytes.reduce((n, b) => (n << 8n) | BigInt(b), 0n);

function bytesOfNumber(n, size) {
  const out = new Uint8Array(size);
  for (let i = size - 1; i >= 0; i--, n >>= 8n) out[i] = Number(n & 0xffn);
  return out;
}

// bits is the share as a number of 295 bits: version, needed - 1, index - 1, set, data.
function bits(share) {
  const head = (VERSION << 10n) | (BigInt(share.needed - 1) << 5n) | BigInt(share.index - 1);
  return (((head << BigInt(SET_BITS)) | BigInt(share.set)) << 256n) | numberOf(share.data);
}

async function checkOf(n) {
  const sum = await sha256(concat(utf8.encode("waylight/share-check/v1"), bytesOfNumber(n, 37)));
  return BigInt(new DataView(sum.buffer).getUint32(0)) >> (32n - CHECK_BITS);
}

function wordsOf(n, count, list) {
  const out = [];
  for (let i = 0; i < count; i++, n >>= WORD_BITS) out.unshift(list[Number(n & 8191n)]);
  return out;
}

// formatShare writes a share in words, five in a line.
export async function formatShare(share, list) {
  const n = bits(share);
  const all = wordsOf((n << CHECK_BITS) | (await checkOf(n)), WORDS, list);
  const lines = [];
  for (let i = 0; i < WORDS; i += 5) lines.push(all.slice(i, i + 5).join(" "));
  return lines.join("\n");
}

// setName is the set in two words, as it should stand on every card.
export const setName = (share, list) => wordsOf(BigInt(share.set), 2, list).join("-");

const plain = (word) => word.normalize("NFKD").replace(/\p{Mn}/gu, "").toLowerCase();

// find looks words up in a list; -1 stands for those that it does not have.
function find(words, list) {
  const index = new Map(list.map((word, i) => [plain(word), i]));
  return words.map((word) => index.get(plain(word)) ?? -1);
}

// parseShare reads a share that somebody typed, in whichever of the lists knows most of its words.
export async function parseShare(text, lists) {
  const typed = text.normalize("NFC").replace(/(?!\u200b)\p{Cf}/gu, "").split(/[^\p{L}\p{Mn}]+/u).filter((word) => plain(word) !== "");
  const known = (found) => found.filter((i) => i >= 0).length;
  const found = typed.length > 2 * WORDS ? [] : lists.map((list) => find(typed, list)).reduce((best, next) => (known(next) > known(best) ? next : best));
  const position = found.indexOf(-1) + 1;
  if (position > 0) throw refuse("word", `Word ${position} is not in the list of words.`, { position });
  if (found.length !== WORDS) throw refuse("count", `A share has ${WORDS} words; these are ${typed.length}.`);
  const n = found.reduce((number, i) => (number << WORD_BITS) | BigInt(i), 0n);
  return shareOf(n);
}

// shareOf reads the 325 bits of a share.
async function shareOf(n) {
  const body = n >> CHECK_BITS;
  if ((n & ((1n << CHECK_BITS) - 1n)) !== (await checkOf(body))) throw refuse("checksum", "Every word is in the list, but together they are no share. Two words may have changed places.");
  const head = body >> 256n;
  if (head >> BigInt(SET_BITS + 10) !== VERSION) throw refuse("version", "This share was made by a newer version of this program.");
  const share = {
    set: Number(head & ((1n << BigInt(SET_BITS)) - 1n)),
    index: Number((head >> BigInt(SET_BITS)) & 31n) + 1,
    needed: Number((head >> BigInt(SET_BITS + 5)) & 31n) + 1,
    data: bytesOfNumber(body & ((1n << 256n) - 1n), SEED),
  };
  if (share.needed < 2) throw new Problem("malformed", "This is not a share in the format that this page knows.");
  return share;
}

// SPDX-License-Identifier: Apache-2.0
//
// receipt.js: the seven words of docs/spec/receipt.md in the sender's browser. With these functions the words need never be sent.
import { bytesOf, concat, derive, Problem, random, sha256, utf8 } from "./bytes.js";

const WORDS = 7;
const CHECK_BITS = 11n;
const WORD_BITS = 13n;
const MAX_TYPED = 40; // letters of one typed word that are looked at

// The lists never change: the browser itself refuses one with another hash.
const lists = {
  en: ["./en.txt", "sha256-IQW8vGqsPhxU7UR5s5j+Uos9eLd0QxGDV6n9q5ezcRo="],
  es: ["./es.txt", "sha256-Wv9kwy0WfQLpilPA/H2mHJYAQIBVmmO5aL+SZmq0wfs="],
};
const loading = new Map();

// wordList loads a language's list ("es", else English), once per page.
export function wordList(lang) {
  const name = lang === "es" ? lang : "en";
  if (!loading.has(name)) {
    loading.set(name, load(...lists[name]).catch((e) => { loading.delete(name); throw e; }));
  }
  return loading.get(name);
}

async function load(name, integrity) {
  const answer = await fetch(new URL(name, import.meta.url), { integrity }).catch(() => null);
  if (!answer?.ok) throw new Problem("server", "The list of words did not load.");
  return (await answer.text()).trim().split("\n");
}

// newSecret makes what a receipt stands for: 80 random bits.
export const newSecret = () => random(10);

async function checkOf(secret) {
  const sum = await sha256(concat(utf8("waylight/receipt-check/v1"), secret));
  return BigInt((sum[0] << 3) | (sum[1] >> 5));
}

// receiptWords shows a secret in a language, joined by hyphens.
export async function receiptWords(secret, lang) {
  const list = await wordList(lang);
  let n = await checkOf(secret);
  secret.forEach((byte, i) => { n |= BigInt(byte) << (CHECK_BITS + 8n * BigInt(9 - i)); });
  const out = [];
  for (let i = 0; i < WORDS; i++, n >>= WORD_BITS) out.unshift(list[Number(n & 8191n)]);
  return out.join("-");
}

// receiptKeys makes of a secret what finds the report (lookup), the X-Wing seed of the sender's key, and the Ed25519 seed that signs what the sender writes.
export async function receiptKeys(secret) {
  const ikm = concat(utf8("waylight/receipt/v1"), bytesOf(secret));
  const key = (name) => derive(ikm, `waylight/receipt/${name}/v1`);
  return { lookup: await key("lookup"), seed: await key("seed"), signSeed: await key("sign") };
}

// ---- reading what somebody typed

// plain is a word as it is typed: lower case, without accents.
const plain = (word) => word.normalize("NFKD").replace(/\p{Mn}/gu, "").toLowerCase();

function split(text) {
  const clean = text.slice(0, 1024).normalize("NFC").replace(/\p{Cf}/gu, (c) => (c === "\u200b" ? c : ""));
  return clean.split(/[^\p{L}\p{Mn}]+/u).filter((w) => plain(w)).map((w) => [...w].slice(0, MAX_TYPED).join(""));
}

const refuse = (code, message, more) => Object.assign(new Problem("words", message), { code }, more);
const wrongCount = (have) => refuse("count", `There are ${have} words. There must be ${WORDS}.`, { have, want: WORDS });

// parseReceipt reads a receipt and gives {secret, lang}. It throws a Problem of kind "words", with code "word" (position from 1, suggestions), "count"
// (have, want) or "checksum" (the words are known but do not belong together).
export async function parseReceipt(text) {
  const words = split(text.trim()).map(plain);
  if (words.length > 2 * WORDS) throw wrongCount(words.length);
  let best;
  for (const lang of ["en", "es"]) {
    const shown = await wordList(lang);
    const typed = shown.map(plain);
    const index = new Map(typed.map((w, i) => [w, i]));
    const found = words.map((w) => index.get(w) ?? -1);
    const known = found.filter((i) => i >= 0).length;
    if (!best || known > best.known) best = { lang, shown, typed, found, known };
  }
  const unknown = best.found.indexOf(-1);
  if (unknown >= 0) {
    throw refuse("word", `Word ${unknown + 1} is not on the list of words.`, { position: unknown + 1, suggestions: suggest(words[unknown], best) });
  }
  if (words.length !== WORDS) throw wrongCount(words.length);
  let n = best.found.reduce((sum, i) => (sum << WORD_BITS) | BigInt(i), 0n);
  const check = n & 2047n;
  n >>= CHECK_BITS;
  const secret = new Uint8Array(10);
  for (let i = 9; i >= 0; i--, n >>= 8n) secret[i] = Number(n & 255n);
  if (check !== (await checkOf(secret))) throw refuse("checksum", "The words are known but do not fit together.");
  return { secret, lang: best.lang };
}

// suggest gives up to three words that differ little; of those that differ as much, first the ones that begin alike.
function suggest(word, { shown, typed }) {
  const limit = word.length <= 3 ? 1 : word.length <= 6 ? 2 : 3;
  const near = [];
  typed.forEach((t, i) => {
    const d = distance(word, t, limit);
    if (d <= limit) near.push([d, t[0] === word[0] ? 0 : 1, shown[i]]);
  });
  return near.sort((a, b) => a[0] - b[0] || a[1] - b[1]).slice(0, 3).map((n) => n[2]);
}

// distance counts the letters to insert, drop, replace, or swap with their neighbor to make b of a.
function distance(a, b, limit) {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      row[j] = Math.min(rows[i - 1][j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1), rows[i - 1][j] + 1, row[j - 1] + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) row[j] = Math.min(row[j], rows[i - 2][j - 2] + 1);
    }
    rows.push(row);
  }
  return rows[a.length][b.length];
}

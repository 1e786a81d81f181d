// SPDX-License-Identifier: Apache-2.0
//
// messagewords.js: what is sealed in a message, as docs/spec/conversation.md says. The other half is conversation.Words.
import { bytesOf, equal, malformed, Problem, random, sha256 } from "./bytes.js";

const letters = "abcdefghijklmnopqrstuvwxyz234567";

// newID makes a message's id: 16 random bytes as 26 letters and digits.
export function newID() {
  let out = "", bits = 0, value = 0;
  for (const byte of random(16)) {
    value = ((value << 8) | byte) & 0xffff;
    bits += 8;
    for (; bits >= 5; bits -= 5) out += letters[(value >> (bits - 5)) & 31];
  }
  return out + letters[(value << (5 - bits)) & 31];
}

// packed is the bytes to seal.
export const packed = (words) => new TextEncoder().encode(JSON.stringify({ v: 1, ...words }));

// unpacked reads opened bytes and refuses words that belong elsewhere: a server could put a message into another thread, but not write that into it.
export function unpacked(plaintext, { report, office, kind, answers }) {
  let words;
  try {
    words = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(plaintext));
  } catch {
    throw malformed();
  }
  const fits = words.v === 1 && words.report === report && words.office === office && words.kind === kind && (words.answers ?? "") === (answers ?? "");
  if (!fits) throw new Problem("open", "This message belongs somewhere else: it was moved. Tell your administrator.");
  return words;
}

// checked refuses a body that is not the one that was kept.
export async function checked(body, hash) {
  const bytes = bytesOf(body);
  if (!equal(await sha256(bytes), bytesOf(hash))) throw new Problem("open", "This message was altered.");
  return bytes;
}

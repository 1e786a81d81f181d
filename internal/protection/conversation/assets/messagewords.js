// SPDX-License-Identifier: Apache-2.0
//
// messagewords.js: what is sealed in a message, as docs/spec/conversation.md says. The other half is conversation.Words.
import { b64, bytesOf, equal, malformed, Problem, random, sha256 } from "./bytes.js";

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

const utf8 = new TextEncoder();

// packed is the bytes to seal.
export const packed = (words) => utf8.encode(JSON.stringify({ v: 1, ...words }));

// What a sender writes is signed: a second line in what is sealed. No server can write in the name of who holds the receipt.
const signedText = ({ program, office, id }, json) => `waylight/message/sign/v1\n${program}\n${office}\n${id}\n${json}`;

// packedSigned is the bytes to seal of a sender's words. sign makes an Ed25519 signature of a text.
export async function packedSigned(words, place, sign) {
  const json = JSON.stringify({ v: 1, ...words });
  return utf8.encode(`${json}\n${b64(await sign(signedText(place, json)))}`);
}

// signedBy says whether opened bytes carry the signature of a public key (base64) for this very message.
export async function signedBy(key, plaintext, place) {
  try {
    const [json, line, ...more] = new TextDecoder("utf-8", { fatal: true }).decode(plaintext).split("\n");
    const verifier = await crypto.subtle.importKey("raw", bytesOf(key), { name: "Ed25519" }, false, ["verify"]);
    return more.length === 0 && (await crypto.subtle.verify("Ed25519", verifier, bytesOf(line), utf8.encode(signedText(place, json))));
  } catch {
    return false;
  }
}

// unpacked reads opened bytes and refuses words that belong elsewhere: a server could put a message into another thread, but not write that into it.
export function unpacked(plaintext, { report, office, kind, answers }) {
  let words;
  try {
    words = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(plaintext).split("\n")[0]);
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

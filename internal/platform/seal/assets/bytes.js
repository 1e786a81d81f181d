// SPDX-License-Identifier: Apache-2.0
//
// bytes.js: what every module of the formats stands on: bytes, hashes, HKDF, and the way to refuse. Nothing here keeps anything.

export const utf8 = (text) => new TextEncoder().encode(text);

// Problem is every refusal of these modules. kind: "open" (cannot be opened with this key for this record), "malformed" (not this format),
// "refused" (not a usable public key), "chain" (not an office's key, see directory.js), "words" (see receipt.js), "locked" (the keys are not open),
// "passphrase" (the passphrase does not fit), "browser" (too old), "shares" (see shares.js), "server".
export class Problem extends Error {
  constructor(kind, message) {
    super(message);
    this.kind = kind;
  }
}

export const malformed = () => new Problem("malformed", "This is not in the sealed format that this page knows.");

export function b64(bytes) {
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}

export function unb64(text) {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}

// bytesOf takes bytes or their base64 text and returns a copy.
export function bytesOf(value) {
  return typeof value === "string" ? unb64(value) : new Uint8Array(value);
}

export const hex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");

export const random = (size) => crypto.getRandomValues(new Uint8Array(size));

export function concat(...parts) {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

export async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

// equal takes the same time wherever the first difference stands.
export function equal(a, b) {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i] ^ b[i];
  return difference === 0;
}

// recordBytes reads an id: 16 bytes, or its text of 26 letters and digits.
export function recordBytes(id) {
  if (typeof id !== "string") {
    if (id.length !== 16) throw malformed();
    return new Uint8Array(id);
  }
  const letters = "abcdefghijklmnopqrstuvwxyz234567";
  const out = new Uint8Array(16);
  let bits = 0, value = 0, at = 0;
  for (const c of id) {
    const five = letters.indexOf(c);
    if (five < 0 || id.length !== 26) throw malformed();
    value = ((value << 5) | five) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      out[at++] = (value >> bits) & 0xff;
    }
  }
  if (at !== 16 || (value & ((1 << bits) - 1)) !== 0) throw malformed();
  return out;
}

// field is a value with its length before it (two bytes, big endian).
export function field(value) {
  const bytes = typeof value === "string" ? utf8(value) : value;
  if (bytes.length > 0xffff) throw malformed();
  return concat(new Uint8Array([bytes.length >> 8, bytes.length & 0xff]), bytes);
}

// named is a field that is the id of a program or an office.
export function named(value) {
  const size = utf8(value).length;
  if (size < 1 || size > 255) throw malformed();
  return field(value);
}

// derive is HKDF-SHA256 with an empty salt, 32 bytes.
export async function derive(secret, info) {
  const key = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  const bits = await crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: utf8(info) }, key, 256);
  return new Uint8Array(bits);
}

// SPDX-License-Identifier: Apache-2.0
//
// root.js: a member's root, as docs/spec/keys.md §1 says: two seeds that open only with a secret of the member's and the server's share. Nothing here keeps anything.
import { bytesOf, concat, derive, field, hex, Problem, random, sha256 } from "./bytes.js";
import { sign } from "./sealing.js";

const ROOT = 64;
const NONCE = 12;
const utf8 = new TextEncoder();

export const newRoot = () => random(ROOT);
export const kemSeed = (root) => root.slice(0, 32);
export const signSeed = (root) => root.slice(32, ROOT);

// prfSalt is what a program's pages give to an authenticator's pseudo-random function.
export const prfSalt = (program) => sha256(utf8.encode(`waylight/prf/v1${program}`));

// unlockKey joins a member's secret (a passkey's answer, or what a passphrase makes) with the server's share of one unlocker.
export const unlockKey = (secret, share) => derive(concat(bytesOf(secret), bytesOf(share)), "waylight/member/unlock/v2");

const boundTo = ({ program, member, unlocker }) => concat(field("waylight/unlock/v2"), field(program), field(member), field(unlocker));

const cipherOf = (key) => crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt", "decrypt"]);

// sealRoot seals a root for one unlocker: names = {program, member, unlocker}.
export async function sealRoot(root, key, names) {
  const iv = random(NONCE);
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: boundTo(names) }, await cipherOf(key), root);
  return concat(iv, new Uint8Array(sealed));
}

export async function openRoot(sealed, key, names) {
  const bytes = bytesOf(sealed);
  if (bytes.length !== NONCE + ROOT + 16) throw new Problem("malformed", "This is not in the sealed format that this page knows.");
  const parameters = { name: "AES-GCM", iv: bytes.slice(0, NONCE), additionalData: boundTo(names) };
  try {
    return new Uint8Array(await crypto.subtle.decrypt(parameters, await cipherOf(key), bytes.subarray(NONCE)));
  } catch {
    throw new Problem("open", "This does not open your keys. It was made for somebody else, or it was altered.");
  }
}

// signWay signs for a new way in: only who has the root open can add one.
export async function signWay(root, { program, member, kind, id, credential, sealed }) {
  const [c, s] = await Promise.all([sha256(credential ?? new Uint8Array()), sha256(sealed ?? new Uint8Array())]);
  return sign(signSeed(root), `waylight/way/v2\n${program}\n${member}\n${kind}\n${id}\n${hex(c)}\n${hex(s)}\n`);
}

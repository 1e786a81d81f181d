// SPDX-License-Identifier: Apache-2.0
//
// sealing.js: the formats of docs/spec/sealed-body.md and docs/spec/keys.md in the browser. The other half is internal/platform/seal; both pass the same
// vectors. Nothing here keeps anything.
import { bytesOf, concat, derive, equal, field, hex, malformed, named, Problem, random, recordBytes, sha256, unb64 } from "./bytes.js";
import { Aes256Gcm, CipherSuite, HkdfSha256, XWing } from "./hpke.js";

export { b64, bytesOf, concat, derive, equal, hex, Problem, random, recordBytes, sha256, unb64 } from "./bytes.js";

const VERSION = 1;
const ENC_SIZE = 1120;
const WRAP_SIZE = 1169; // version, enc, content key, tag
const SMALL_EXTRA = 1137; // version, enc, tag
const CHUNK = 65536;
const CHUNK_EXTRA = 12 + 16;
const SMALLEST = 4096;
const HEADER = 36;
const MAGIC = new Uint8Array([0x57, 0x4c, 0x42, 0x01]); // "WLB" and the version
const NOTE_BLOCK = 256;

export const ITERATIONS = 600000;

const suite = /* @__PURE__ */ new CipherSuite({ kem: new XWing(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });
const utf8 = /* @__PURE__ */ new TextEncoder();

const cannotOpen = () => new Problem("open", "This cannot be opened with your office's key. It was sealed for another office, or it was altered.");

// ---- member keys

// stretch makes the master secret of a passphrase.
export async function stretch(passphrase, salt, iterations = ITERATIONS) {
  const key = await crypto.subtle.importKey("raw", utf8.encode(passphrase.normalize("NFKC")), "PBKDF2", false, ["deriveBits"]);
  const hashed = await sha256(concat(utf8.encode("waylight/salt/v1"), bytesOf(salt)));
  return new Uint8Array(await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt: hashed, iterations }, key, 256));
}

export const authSecret = (master) => derive(master, "waylight/member/auth/v1");
export const memberSecret = (master) => derive(master, "waylight/member/secret/v1");

export async function memberSeeds(secret, share) {
  const both = concat(secret, bytesOf(share));
  return { kem: await derive(both, "waylight/member/kem/v1"), sign: await derive(both, "waylight/member/sign/v1") };
}

// ---- key pairs

const privateKey = (seed) => suite.kem.importKey("raw", new Uint8Array(seed), false);
const publicKey = (bytes) => suite.kem.importKey("raw", bytesOf(bytes), true);

// checkPublic refuses a public key that nothing can be sealed to, by trying it.
export async function checkPublic(pub) {
  try {
    await suite.createSenderContext({ recipientPublicKey: await publicKey(pub) });
  } catch {
    throw new Problem("refused", "This public key cannot be used.");
  }
}

// publicFromSeed is the public key of a seed. The seed is the X-Wing decapsulation key itself; DeriveKeyPair is never used.
export async function publicFromSeed(seed) {
  await privateKey(seed); // loads what the derivation needs
  const pair = await suite.kem.generateKeyPairDerand(new Uint8Array(seed));
  return new Uint8Array(await suite.kem.serializePublicKey(pair.publicKey));
}

export async function keyID(pub) {
  return (await sha256(bytesOf(pub))).slice(0, 16);
}

const SIGN_PREFIX = new Uint8Array([0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20]); // PKCS #8 around an Ed25519 seed

const signingKey = (seed, extractable) => crypto.subtle.importKey("pkcs8", concat(SIGN_PREFIX, seed), { name: "Ed25519" }, extractable, ["sign"]);

export async function signPublic(seed) {
  const jwk = await crypto.subtle.exportKey("jwk", await signingKey(seed, true));
  return unb64(jwk.x.replace(/-/g, "+").replace(/_/g, "/") + "=");
}

export async function sign(seed, text) {
  return new Uint8Array(await crypto.subtle.sign("Ed25519", await signingKey(seed, false), utf8.encode(text)));
}

// checkBrowser fails with a clear Problem where the browser lacks something that the staff pages need.
export async function checkBrowser() {
  if (!globalThis.isSecureContext || !globalThis.crypto?.subtle || !globalThis.indexedDB) {
    throw new Problem("browser", "This browser, or the way this site is reached, does not allow encryption. The address must begin with https.");
  }
  try {
    await signingKey(new Uint8Array(32), false);
  } catch {
    throw new Problem("browser", "This browser cannot sign with Ed25519. Use a current Chrome, Edge, Firefox or Safari. Nothing was sent.");
  }
}

// ---- HPKE: version | enc | ciphertext

async function hpkeSeal(pub, info, plaintext) {
  const sender = await suite.createSenderContext({ recipientPublicKey: await publicKey(pub), info });
  const sealed = new Uint8Array(await sender.seal(plaintext));
  return concat(new Uint8Array([VERSION]), new Uint8Array(sender.enc), sealed);
}

async function hpkeOpen(seed, info, sealed) {
  if (sealed[0] !== VERSION) throw malformed();
  try {
    const enc = sealed.slice(1, 1 + ENC_SIZE);
    const recipient = await suite.createRecipientContext({ recipientKey: await privateKey(seed), enc, info });
    return new Uint8Array(await recipient.open(sealed.slice(1 + ENC_SIZE)));
  } catch {
    throw cannotOpen();
  }
}

function smallInfo(what) {
  const size = utf8.encode(what).length;
  if (size < 1 || size > 1024) throw malformed();
  return concat(field("waylight/seal-to/v1"), field(what));
}

// sealTo seals something small to one public key; openFrom opens it with the seed.
export function sealTo(pub, plaintext, what) {
  return hpkeSeal(pub, smallInfo(what), plaintext);
}

export async function openFrom(seed, sealed, what) {
  const bytes = bytesOf(sealed);
  if (bytes.length < SMALL_EXTRA) throw malformed();
  return hpkeOpen(seed, smallInfo(what), bytes);
}

export const officeKeyInfo = (program, office, id) => `waylight/office-key/v1/${program}/${office}/${hex(id)}`;
export const noteInfo = (program, report, office) => `waylight/note/v1/${program}/${report}/${office}`;

export async function openOfficeSeed(memberSeed, wrap, program, office, id) {
  const seed = await openFrom(memberSeed, wrap, officeKeyInfo(program, office, id));
  if (seed.length !== 32 || !equal(await keyID(await publicFromSeed(seed)), id)) throw cannotOpen();
  return seed;
}

// ---- wraps of content keys

function wrapInfo({ program, id, hash, recipient }) {
  return concat(field("waylight/wrap/v1"), named(program), field(recordBytes(id)), field(bytesOf(hash)), named(recipient));
}

// wrapContent wraps a content key for one recipient: {program, id, hash, recipient} say what it is bound to.
export function wrapContent(contentKey, pub, bound) {
  return hpkeSeal(pub, wrapInfo(bound), bytesOf(contentKey));
}

export async function openWrap(seed, wrap, bound) {
  const bytes = bytesOf(wrap);
  const info = wrapInfo(bound);
  if (bytes.length !== WRAP_SIZE) throw malformed();
  return hpkeOpen(seed, info, bytes);
}

// ---- body

export const openingTokenOf = (contentKey) => derive(bytesOf(contentKey), "waylight/opened/v1");

async function bodyKey(contentKey) {
  const key = await derive(contentKey, "waylight/body-key/v1");
  return crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt", "decrypt"]);
}

function chunkParameters(program, record, index, last, iv) {
  const place = new Uint8Array(9);
  new DataView(place.buffer).setBigUint64(0, BigInt(index));
  place[8] = last ? 1 : 0;
  return { name: "AES-GCM", iv, additionalData: concat(field("waylight/body/v1"), named(program), field(record), place) };
}

// paddedSize is the size class of a text of n bytes and the mark behind it.
function paddedSize(n) {
  for (let size = SMALLEST; size < CHUNK; size *= 2) if (n < size) return size;
  return (Math.floor(n / CHUNK) + 1) * CHUNK;
}

// sealBody seals bytes under a fresh content key.
export async function sealBody({ plaintext, program, id, contentKey = random(32) }) {
  const record = recordBytes(id);
  const key = await bodyKey(contentKey);
  const padded = new Uint8Array(paddedSize(plaintext.length));
  padded.set(plaintext);
  padded[plaintext.length] = 0x80;
  const token = await sha256(await openingTokenOf(contentKey));
  const parts = [MAGIC, token];
  const chunks = Math.ceil(padded.length / CHUNK);
  for (let i = 0; i < chunks; i++) {
    const iv = random(12);
    const chunk = padded.subarray(i * CHUNK, (i + 1) * CHUNK);
    parts.push(iv, new Uint8Array(await crypto.subtle.encrypt(chunkParameters(program, record, i, i === chunks - 1, iv), key, chunk)));
  }
  const ciphertext = concat(...parts);
  return { ciphertext, contentKey, hash: await sha256(ciphertext), token };
}

function checkShape(body) {
  const size = body.length - HEADER;
  if (size <= 0 || !equal(body.subarray(0, 4), MAGIC)) throw malformed();
  const last = size % (CHUNK + CHUNK_EXTRA);
  const whole = Math.floor(size / (CHUNK + CHUNK_EXTRA));
  const fits = whole > 0 ? last === 0 : paddedSize(Math.max(last - CHUNK_EXTRA - 1, 0)) === last - CHUNK_EXTRA;
  if (!fits) throw malformed();
}

// openBody opens a body with its content key, for its record only.
export async function openBody({ contentKey, ciphertext, program, id }) {
  const body = bytesOf(ciphertext);
  const record = recordBytes(id);
  checkShape(body);
  // Without this comparison one body could show different words to two offices.
  if (!equal(await sha256(await openingTokenOf(contentKey)), body.subarray(4, HEADER))) throw cannotOpen();
  const key = await bodyKey(bytesOf(contentKey));
  const plain = [];
  let at = HEADER;
  for (let i = 0; at < body.length; i++) {
    const chunk = body.subarray(at, at + CHUNK + CHUNK_EXTRA);
    at += chunk.length;
    const parameters = chunkParameters(program, record, i, at === body.length, chunk.slice(0, 12));
    try {
      plain.push(new Uint8Array(await crypto.subtle.decrypt(parameters, key, chunk.subarray(12))));
    } catch {
      throw cannotOpen();
    }
  }
  return unpad(concat(...plain), paddedSize);
}

// unpad takes the zeros and the mark away, and holds the whole to the size that the rest should have.
function unpad(padded, sizeOf) {
  let end = padded.length;
  while (end > 0 && padded[end - 1] === 0) end--;
  if (end === 0 || padded[end - 1] !== 0x80 || sizeOf(end - 1) !== padded.length) throw malformed();
  return padded.slice(0, end - 1);
}

// ---- notes: small texts to an office's own key

const noteSize = (n) => (Math.floor(n / NOTE_BLOCK) + 1) * NOTE_BLOCK;

export function padNote(text) {
  const bytes = utf8.encode(text);
  const padded = new Uint8Array(noteSize(bytes.length));
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  return padded;
}

export function unpadNote(padded) {
  return new TextDecoder("utf-8", { fatal: true }).decode(unpad(padded, noteSize));
}

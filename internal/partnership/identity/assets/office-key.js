// SPDX-License-Identifier: Apache-2.0
//
// office-key.js: making an office's keys, as docs/spec/keys.md says. Pages use it through keys.js, which alone hands out the seeds that a member holds.
import { b64, bytesOf, checkPublic, concat, derive, equal, hex, keyID, officeKeyInfo, openFrom, Problem, publicFromSeed, random, sealTo, sha256, sign, signPublic } from "./sealing.js";
import { combine, split } from "./shares.js";

export const RECOVERY = "recovery";

// signSeed makes an office's signing key from its seed: whoever opens what is sealed to the office can sign for it, and nobody else.
export const signSeed = (seed) => derive(seed, "waylight/office/sign/v1");

const recoveryStatement = (program, office, key, recovery, k, n) => `waylight/recovery/v1\n${program}\n${office}\n${hex(key)}\n${hex(recovery)}\n${k}\n${n}\n`;

const rotationStatement = (program, office, previous, next, signKey) => `waylight/rotation/v2\n${program}\n${office}\n${previous}\n${hex(next)}\n${hex(signKey)}\n`;

// makeParts makes a recovery key for an office's seed, of which any k of n shares rebuild the seed, signs it with the office's key, and forgets it.
export async function makeParts({ program, office, seed, k, n }) {
  const recovery = random(32);
  const pub = await publicFromSeed(recovery);
  const shares = await split(recovery, k, n);
  recovery.fill(0);
  const key = await keyID(await publicFromSeed(seed));
  const signature = await sign(await signSeed(seed), recoveryStatement(program, office, key, await keyID(pub), k, n));
  return { shares, public: pub, parts: { public: b64(pub), needed: k, shares: n, signature: b64(signature) } };
}

const holderStatement = (program, office, key, holder, pub) => `waylight/holder/v1\n${program}\n${office}\n${key}\n${holder}\n${hex(pub)}\n`;

// signHolder is the word of who has an office's key ({keyId, seed}) that a holder has this public key.
export async function signHolder({ program, office, keyId, seed, holder, key }) {
  return b64(await sign(await signSeed(seed), holderStatement(program, office, keyId, holder, await keyID(key))));
}

// makeOfficeKey makes an office's first key: sealed to its first member (holder, "member:...") and to a fresh recovery key. The seeds end here.
export async function makeOfficeKey({ program, office, memberKey, holder, k, n }) {
  const seed = random(32);
  const pub = await publicFromSeed(seed);
  const id = await keyID(pub);
  const what = officeKeyInfo(program, office, id);
  const recovery = await makeParts({ program, office, seed, k, n });
  const key = {
    public: b64(pub),
    sign: b64(await signPublic(await signSeed(seed))),
    member: b64(await sealTo(memberKey, seed, what)),
    memberSignature: await signHolder({ program, office, keyId: hex(id), seed, holder, key: memberKey }),
    recovery: b64(await sealTo(recovery.public, seed, what)),
    parts: recovery.parts,
  };
  seed.fill(0);
  return { key, shares: recovery.shares };
}

// makeNextKey makes the key after current ({keyId, seed}), sealed to the holders ([{holder, key}]), and signs for it with current. The caller wipes the seed.
export async function makeNextKey({ program, office, current, holders }) {
  const seed = random(32);
  const pub = await publicFromSeed(seed);
  const id = await keyID(pub);
  const keyId = hex(id);
  const signKey = await signPublic(await signSeed(seed));
  const what = officeKeyInfo(program, office, id);
  const wraps = [];
  for (const { holder, key } of holders) {
    await checkPublic(key);
    const signature = holder === RECOVERY ? undefined : await signHolder({ program, office, keyId, seed, holder, key });
    wraps.push({ holder, sealed: b64(await sealTo(key, seed, what)), signature });
  }
  const signature = await sign(await signSeed(current.seed), rotationStatement(program, office, current.keyId, id, signKey));
  return { keyId, seed, body: { previous: current.keyId, public: b64(pub), sign: b64(signKey), wraps, signature: b64(signature) } };
}

// isHolder says whether the office's key ({keyId, seed}) was really given to who has this public key, by somebody who had it.
export async function isHolder({ program, office, keyId, seed, holder, key, signature }) {
  if (!signature) return false;
  return verified(await signPublic(await signSeed(seed)), signature, holderStatement(program, office, keyId, holder, await keyID(key)));
}

// spokenName is a key's name as it is read on the telephone, made from the seed itself.
export async function spokenName(seed) {
  const name = new TextEncoder().encode("waylight/key-name/v1");
  const sum = await sha256(concat(name, await keyID(await publicFromSeed(seed)), await signPublic(await signSeed(seed))));
  return hex(sum.slice(0, 8)).match(/.{4}/g).join(" ");
}

async function verified(signKey, signature, text) {
  const key = await crypto.subtle.importKey("raw", signKey, { name: "Ed25519" }, false, ["verify"]);
  return crypto.subtle.verify("Ed25519", key, bytesOf(signature), new TextEncoder().encode(text));
}

// checkRecovery refuses a recovery key that was not signed with one of the office's keys that are held ([{keyId, seed}]): somebody else could have put it there.
export async function checkRecovery({ program, office, recovery, held }) {
  const by = held.find((k) => k.keyId === recovery.key);
  if (by) {
    const pub = bytesOf(recovery.public);
    const statement = recoveryStatement(program, office, await keyID(await publicFromSeed(by.seed)), await keyID(pub), recovery.needed, recovery.shares);
    if (await verified(await signPublic(await signSeed(by.seed)), recovery.signature, statement)) return pub;
  }
  throw new Problem("refused", "The office's recovery key is not one that your office made. No key was made. Tell your program's administrator.");
}

// tryParts rebuilds the recovery key from its shares, opens the server's challenge with it, and every key of the office that is sealed to it. It gives the answer to
// the challenge and how many keys opened, and forgets everything else.
export async function tryParts({ program, office, shares, recovery, challenge, id, wraps }) {
  const seed = await combine(shares);
  try {
    if (!equal(await publicFromSeed(seed), bytesOf(recovery))) {
      throw new Problem("shares", "These parts fit together, but they are not those of the recovery key in use. Look for the newer set.");
    }
    const answer = await openFrom(seed, challenge, `waylight/recovery-drill/v1/${program}/${office}/${id}`);
    for (const { keyId, sealed } of wraps) {
      const what = `waylight/office-key/v1/${program}/${office}/${keyId}`;
      const key = await openFrom(seed, sealed, what);
      const fits = hex(await keyID(await publicFromSeed(key))) === keyId;
      key.fill(0);
      if (!fits) throw new Problem("open", "The parts are right, but they do not open the office's key. Make new parts at once and tell your program's administrator.");
    }
    return { answer: b64(answer), opened: wraps.length };
  } finally {
    seed.fill(0);
  }
}

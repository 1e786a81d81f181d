// SPDX-License-Identifier: Apache-2.0
//
// ways.js: making ways in, for the pages that add them: joining, one's own ways, another device.
import { b64, sha256 } from "./bytes.js";
import { makePasskey } from "./passkey.js";
import { kemSeed, newRoot, sealRoot, signSeed, signWay, unlockKey } from "./root.js";
import { authSecret, ITERATIONS, memberSecret, publicFromSeed, random, sign, signPublic, stretch, hex } from "./sealing.js";

// newMember makes a root, and what the server is told of it.
export async function newMember({ program, member }) {
  const root = newRoot();
  const kem = await publicFromSeed(kemSeed(root));
  const statement = `waylight/enroll/v1\n${program}\n${member}\n${hex(await sha256(kem))}\n`;
  return { root, kem, published: { kem: b64(kem), sign: b64(await signPublic(signSeed(root))), signature: b64(await sign(signSeed(root), statement)) } };
}

// passkeyWay makes a passkey at the place the server gave ({id, share, options}) and seals the root for it, if it can open keys. Its answer is for the server.
export async function passkeyWay({ root, program, member, slot, label }) {
  const { answer, credential, prf } = await makePasskey(slot.options, program);
  const sealed = prf ? await sealRoot(root, await unlockKey(prf, slot.share), { program, member, unlocker: slot.id }) : null;
  const signature = b64(await signWay(root, { program, member, kind: "passkey", id: slot.id, credential, sealed }));
  return { opens: Boolean(prf), way: { id: slot.id, kind: "passkey", label, answer, signature, ...(sealed ? { sealed: b64(sealed) } : {}) } };
}

// passphraseWay seals the root for a passphrase.
export async function passphraseWay({ root, program, member, slot, passphrase }) {
  const salt = random(16);
  const master = await stretch(passphrase, salt, ITERATIONS);
  const sealed = await sealRoot(root, await unlockKey(await memberSecret(master), slot.share), { program, member, unlocker: slot.id });
  const signature = b64(await signWay(root, { program, member, kind: "passphrase", id: slot.id, sealed }));
  return { id: slot.id, kind: "passphrase", salt: b64(salt), iterations: ITERATIONS, authHash: b64(await sha256(await authSecret(master))), sealed: b64(sealed), signature };
}

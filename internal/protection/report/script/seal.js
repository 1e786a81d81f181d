// SPDX-License-Identifier: Apache-2.0
//
// seal.js: a report made unreadable in the sender's own browser, as docs/spec/submission.md says. It is sealed only to keys that rest on the directory key
// which this page carries.
import { b64, concat, hex, recordBytes, sha256, utf8 } from "../../../platform/seal/assets/bytes.js";
import { verifyChain } from "../../../platform/seal/assets/directory.js";
import { keyID, sealBody, signPublic, wrapContent } from "../../../platform/seal/assets/sealing.js";

const u32 = (n) => new Uint8Array([n >>> 24, n >>> 16, n >>> 8, n]);
const long = (bytes) => concat(u32(bytes.length), bytes);

// sealParts seals what there is to seal. readers is the server's answer: {report, form, readers, reporter}.
export async function sealParts({ program, lang, pinned, keys, readers, body, reporter }) {
  const offices = await Promise.all(readers.readers.map(async (chain) => {
    const key = await verifyChain(chain, pinned, program, chain.office);
    return { office: chain.office, key, id: await keyID(key) };
  }));
  const part = async (id, answers, to, reply) => {
    const plaintext = utf8(JSON.stringify({ v: 1, form: readers.form, language: lang, answers, reply }));
    const { ciphertext, contentKey, hash } = await sealBody({ plaintext, program, id });
    const wraps = await Promise.all(to.map(async ({ office, key, id: keyId }) => {
      const name = utf8(office);
      return concat([name.length], name, keyId, await wrapContent(contentKey, key, { program, id, hash, recipient: office }));
    }));
    return concat(long(ciphertext), [wraps.length], ...wraps);
  };
  const id = recordBytes(readers.report);
  const reply = { key: hex(await keyID(keys.reply)), sign: b64(await signPublic(keys.signSeed)) };
  const parts = [await part(id, body, offices, reply)];
  if (Object.keys(reporter).length) {
    const about = (await sha256(concat(utf8("waylight/reporter/v1"), id))).slice(0, 16);
    parts.push(await part(about, reporter, offices.filter((o) => readers.reporter.includes(o.office))));
  }
  return concat(keys.lookup, keys.reply, ...parts);
}

// whole puts the answers that stay readable before the sealed parts.
export const whole = (clear, parts) => concat([0x57, 0x4c, 0x53, 1], long(utf8(clear)), parts);

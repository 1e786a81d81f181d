// SPDX-License-Identifier: Apache-2.0
//
// directory.js: whose keys an office has, as docs/spec/keys.md says. A key counts only when a chain of signatures leads to it from the offline directory
// key that the page's script carries; whoever runs the server cannot put another key in its place.
import { bytesOf, hex, Problem, sha256, utf8 } from "./bytes.js";

const wrong = () => new Problem("chain", "We cannot be sure whose key this is. Nothing was sealed to it.");

// canVerify says whether this browser can check a chain at all.
export async function canVerify() {
  try {
    await verifier(new Uint8Array([0x58, ...new Array(31).fill(0x66)])); // the curve's base point
    return true;
  } catch {
    return false;
  }
}

const verifier = (key) => crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);

async function signed(key, signature, lines) {
  return crypto.subtle.verify("Ed25519", await verifier(key), signature, utf8(lines.join("\n") + "\n"));
}

// verifyChain gives the X-Wing public key (bytes) that may be sealed to for an office, or throws a Problem of kind "chain".
// chain: {office, key, chain: [{id, sign, by, signature}, ...]} as the server gives it; pinned: the directory key.
export async function verifyChain(chain, pinned, program, office) {
  try {
    const directory = bytesOf(pinned);
    let before = "", signer = directory;
    if (chain.office !== office) throw wrong();
    for (const { id, sign, by, signature } of chain.chain) {
      const key = bytesOf(sign);
      const fromDirectory = by === "directory";
      const lines = fromDirectory
        ? ["waylight/directory/v1", program, office, id, hex(key)]
        : ["waylight/rotation/v2", program, office, before, id, hex(key)];
      const fits = /^[0-9a-f]{32}$/.test(id) && (fromDirectory || (before && by === before));
      if (!fits || !(await signed(fromDirectory ? directory : signer, bytesOf(signature), lines))) throw wrong();
      before = id;
      signer = key;
    }
    const key = bytesOf(chain.key);
    if (key.length !== 1216 || hex((await sha256(key)).subarray(0, 16)) !== before) throw wrong();
    return key;
  } catch {
    throw wrong();
  }
}

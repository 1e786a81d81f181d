// SPDX-License-Identifier: Apache-2.0
//
// receivers.js: to which key a member's browser may seal something for another office. The page brings each office's key with the signatures that it rests on, and
// the directory key stands in the site's scripts: whoever runs the server cannot put another key in its place. Where no directory key is fixed, the server's word is
// taken as it is, and the page says so in its elements with data-unpinned.
import { bytesOf, hex, Problem } from "./bytes.js";
import { verifyChain } from "./directory.js";
import { keyID } from "./keys.js";
import pinned from "./pinned.js";

const fixed = Object.keys(pinned).length > 0; // for any program: a page that names another program does not get around it

if (!fixed) for (const warning of document.querySelectorAll("[data-unpinned]")) warning.hidden = false;

// receiver gives {key, keyId} of an office from its chain, the text that the page carries, or throws a Problem before anything is sealed.
export async function receiver({ chain, program, office }) {
  let key;
  try {
    const told = JSON.parse(chain);
    key = fixed ? await verifyChain(told, pinned[program], program, office) : bytesOf(told.key);
  } catch {
    throw new Problem("chain", "The server names a key for this office that your program did not sign. Nothing was sealed and nothing was sent. Tell your program's administrator.");
  }
  return { key, keyId: hex(await keyID(key)) };
}

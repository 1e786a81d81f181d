// SPDX-License-Identifier: Apache-2.0
//
// work.js: a proof of work for a report, as docs/spec/work.md says. The page loads it only when the server, which gets far more than it can take, asks for one.

const AT_ONCE = 32; // tries under way together
const LONGEST = 30000; // ms after which the report is sent without

// solve gives the proof for what is about to be sent, or "" where it took too long or somebody would rather send without.
export async function solve({ challenge, rounds, bits }, body) {
  const { subtle } = crypto;
  const box = document.getElementById("work"), busy = document.getElementById("busy");
  const skip = box.querySelector("button");
  const head = Uint8Array.from(atob(challenge.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const key = await subtle.importKey("raw", await subtle.digest("SHA-256", body), "PBKDF2", false, ["deriveBits"]);
  const attempt = async (number) => {
    const salt = new Uint8Array(head.length + 4);
    salt.set(head);
    new DataView(salt.buffer).setUint32(head.length, number);
    const out = await subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt, iterations: rounds }, key, 128);
    return new DataView(out).getUint32(0) >>> (32 - bits) === 0;
  };
  const ends = Date.now() + LONGEST;
  let wanted = true;
  skip.onclick = () => { wanted = false; };
  busy.textContent = box.dataset.say;
  box.hidden = false;
  try {
    for (let from = 0; wanted && Date.now() < ends; from += AT_ONCE) {
      const found = (await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => attempt(from + i)))).indexOf(true);
      if (found >= 0) return `${challenge}.${from + found}`;
    }
    return "";
  } finally {
    if (box.contains(document.activeElement)) document.getElementById("main").focus();
    box.hidden = true;
    busy.textContent = busy.dataset.say;
  }
}

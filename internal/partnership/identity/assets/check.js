// SPDX-License-Identifier: Apache-2.0
//
// check.js: six words that two screens show, so that a person sees whether the server passed the right key on.
import { concat, field, sha256 } from "./bytes.js";

const WORDS = 6;
const BITS = 13;

// checkWords draws them from a hash over the key and what it is for: 78 bits.
export async function checkWords(list, { program, member, link, publicKey }) {
  const hash = await sha256(concat(field("waylight/device-check/v1"), field(program), field(member), field(link), field(publicKey)));
  const bits = Array.from(hash, (b) => b.toString(2).padStart(8, "0")).join("");
  return Array.from({ length: WORDS }, (_, i) => list[parseInt(bits.slice(i * BITS, (i + 1) * BITS), 2)]).join(" ");
}

// rootFor names what a root is sealed for on its way to another device.
export const rootFor = ({ program, member, link }) => `waylight/device/v1/${program}/${member}/${link}`;

// SPDX-License-Identifier: Apache-2.0
//
// How good a passphrase is, as far as a page can tell without asking anybody.
const MIN_WORDS = 6;
const MIN_LENGTH = 20;

// judge counts different words and letters. It cannot know what others would guess first, so it never praises: it says what is missing, or that the rule is kept.
export function judge(passphrase) {
  const length = [...passphrase.normalize("NFKC")].length;
  const words = new Set(passphrase.toLowerCase().split(/[^\p{L}\p{N}]+/u).filter((w) => w.length > 1));
  const letters = new Set([...passphrase.toLowerCase()].filter((c) => c.trim() !== "")).size;
  if (length < MIN_LENGTH) return { enough: false, words: `Too short: ${MIN_LENGTH - length} more characters are needed.` };
  if (words.size < MIN_WORDS) return { enough: false, words: `Too few: ${MIN_WORDS - words.size} more different words are needed.` };
  if (letters < 8) return { enough: false, words: "Too even: use words that differ more." };
  if (words.size < 8) return { enough: true, words: "Long enough, if the words do not belong together. A saying, a song or names of your family are easy to guess." };
  return { enough: true, words: "Very long. Good, if you can keep it in mind." };
}

// suggestion draws six words: 78 random bits. Of one in five hundred draws a word comes twice: those are drawn again.
export function suggestion(list) {
  const draw = () => Array.from(crypto.getRandomValues(new Uint16Array(MIN_WORDS)), (n) => list[n % list.length]).join(" "); // 65,536 is a multiple of the 8,192 words
  let words = draw();
  while (!judge(words).enough) words = draw();
  return words;
}

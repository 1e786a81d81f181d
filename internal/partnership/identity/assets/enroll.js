// SPDX-License-Identifier: Apache-2.0
//
// Joining: the member's keys, and the office's key for its first member, are made here. The server gets public keys and sealed seeds.
import {
  checkBrowser, combine, element, enrol, formatShare, hex, keyID, makeOfficeKey, parseShare, post, Problem, setName, unb64, wordList, wordsFor,
} from "./keys.js";
import { judge, suggestion } from "./passphrase.js";

const byId = (id) => document.getElementById(id);
const token = decodeURIComponent(location.hash.slice(1));
const passphraseForm = byId("passphrase-form");
const sharesPart = byId("shares");
const proofForm = byId("proof-form");
let invitation, enrolment, office, asked, list;

const say = (text) => (byId("problem").textContent = text);

async function begin() {
  if (!token) throw new Problem("server", "This page is opened by the link in your invitation. The link has ended somewhere on its way: copy all of it, the part behind the # as well.");
  byId("opening").textContent = "Looking at your invitation.";
  await checkBrowser();
  invitation = await post("/staff/enroll/invitation", { token });
  byId("who-name").textContent = invitation.name;
  byId("who-email").textContent = invitation.email;
  byId("who-office").textContent = `${invitation.officeName}, ${invitation.programName}`;
  byId("who-roles").textContent = invitation.roles.join(", ");
  byId("split").hidden = !invitation.makesKey;
  for (const input of byId("split").querySelectorAll("input")) input.disabled = !invitation.makesKey;
  passphraseForm.hidden = false;
}

// ---- the passphrase

byId("passphrase").addEventListener("input", () => {
  byId("strength").textContent = judge(byId("passphrase").value).words;
});

byId("show").addEventListener("change", (event) => {
  for (const id of ["passphrase", "again"]) byId(id).type = event.target.checked ? "text" : "password";
});

byId("suggest").addEventListener("click", async () => {
  try {
    const words = suggestion(await wordList());
    byId("show").checked = true;
    for (const id of ["passphrase", "again"]) byId(id).type = "text";
    byId("passphrase").value = words;
    byId("again").value = "";
    byId("strength").textContent = judge(words).words + " Write it down and keep it safe until you know it, then type it again below.";
  } catch (error) {
    say(wordsFor(error));
  }
});

passphraseForm.addEventListener("submit", async (event) => {
  event.preventDefault();
  say("");
  const passphrase = byId("passphrase").value;
  const verdict = judge(passphrase);
  const [n, k] = [byId("parts").valueAsNumber, byId("needed").valueAsNumber];
  try {
    if (!verdict.enough) throw new Problem("passphrase", `This passphrase is too easy to guess. ${verdict.words}`);
    if (passphrase !== byId("again").value) throw new Problem("passphrase", "The two passphrases are not the same.");
    if (invitation.makesKey && !(k >= 2 && n >= k && n <= 9)) throw new Problem("shares", "At least two parts must be needed, and no more than there are. There can be up to nine.");
    byId("go").disabled = true;
    byId("progress").textContent = "Making your keys. This takes a second or two.";
    enrolment = await enrol({ passphrase, program: invitation.program, member: invitation.member, share: invitation.share });
    if (!invitation.makesKey) return await finish();
    office = await makeOfficeKey({ program: invitation.program, office: invitation.office, memberKey: unb64(enrolment.kem), k, n });
    await showShares();
  } catch (error) {
    say(wordsFor(error));
    byId("problem").scrollIntoView();
  } finally {
    byId("go").disabled = false;
    byId("progress").textContent = "";
  }
});

// ---- the recovery parts

async function showShares() {
  list = await wordList();
  const cards = [];
  for (const share of office.shares) {
    const lines = (await formatShare(share, list)).split("\n");
    cards.push(element("div", { className: "panel" },
      element("h3", { textContent: `Recovery part ${share.index} of ${office.shares.length}: ${invitation.officeName}` }),
      element("p", { textContent: `Set ${setName(share, list)}. ${share.needed} parts of this set together open the office's reports. Keep it locked away and show it to nobody.` }),
      element("p", { className: "code share" }, ...lines.flatMap((line) => [line, " ", element("br")]))));
  }
  byId("cards").replaceChildren(...cards);
  asked = office.shares[crypto.getRandomValues(new Uint32Array(1))[0] % office.shares.length];
  byId("proof-label").textContent = `Type part ${asked.index}, from the paper`;
  passphraseForm.hidden = true;
  byId("opening").textContent = "";
  sharesPart.hidden = false;
  byId("shares-title").focus();
}

byId("print").addEventListener("click", () => window.print());

byId("printed").addEventListener("click", () => {
  sharesPart.hidden = true;
  proofForm.hidden = false;
  byId("proof-title").focus();
});

byId("back").addEventListener("click", () => {
  proofForm.hidden = true;
  sharesPart.hidden = false;
  byId("shares-title").focus();
});

proofForm.addEventListener("submit", async (event) => {
  event.preventDefault();
  const problem = byId("proof-problem");
  problem.textContent = "";
  byId("finish").disabled = true;
  try {
    const typed = await parseShare(byId("proof").value, [list]);
    if (typed.index !== asked.index || typed.set !== asked.set) throw new Problem("shares", `This is a good part, but not part ${asked.index}.`);
    await combine([typed, ...office.shares.filter((s) => s.index !== typed.index).slice(0, typed.needed - 1)]);
    await finish();
  } catch (error) {
    problem.textContent = wordsFor(error);
  } finally {
    byId("finish").disabled = false;
  }
});

// ---- the end

async function finish() {
  await post("/staff/enroll", { token, ...enrolment, ...(office ? { officeKey: office.key } : {}) });
  history.replaceState(null, "", location.pathname); // the link is used up: keep it out of the history
  for (const id of ["passphrase", "again", "proof"]) byId(id).value = "";
  byId("cards").replaceChildren();
  passphraseForm.hidden = true;
  proofForm.hidden = true;
  byId("opening").textContent = "";
  byId("done-text").textContent = invitation.waits
    ? "One step is left: a colleague who can open your office's reports has to give you access. Read them this key mark, by phone or in person:"
    : "Your keys are made. Sign in with your e-mail address and your passphrase.";
  if (invitation.waits) {
    const mark = hex((await keyID(unb64(enrolment.kem))).slice(0, 8));
    byId("done-mark").textContent = mark.match(/.{4}/g).join(" ");
    byId("done-mark").hidden = false;
  }
  byId("done").hidden = false;
  byId("done-title").focus();
  office = enrolment = undefined;
}

try {
  await begin();
  byId("opening").textContent = `Welcome, ${invitation.name}.`;
} catch (error) {
  byId("opening").textContent = "";
  say(wordsFor(error));
}

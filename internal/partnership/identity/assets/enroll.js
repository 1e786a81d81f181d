// SPDX-License-Identifier: Apache-2.0
//
// Joining: the member's keys, and the office's key for its first member, are made here. The server gets public keys and sealed seeds.
import { checkBrowser, combine, element, formatShare, hex, keyID, makeOfficeKey, parseShare, post, Problem, setName, wordList, wordsFor } from "./keys.js";
import { available } from "./passkey.js";
import { judge, suggestion } from "./passphrase.js";
import { newMember, passkeyWay, passphraseWay } from "./ways.js";

const byId = (id) => document.getElementById(id);
const token = decodeURIComponent(location.hash.slice(1));
const passphraseForm = byId("passphrase-form");
const sharesPart = byId("shares");
const proofForm = byId("proof-form");
let invitation, made, passkey, passphrase, office, asked, list; // made: the new member's root and what is published of it

addEventListener("hashchange", () => location.reload()); // another link, in the same tab

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
  byId("renews").hidden = !invitation.renews;
  byId("passkey-part").hidden = !(invitation.passkeys && available());
  if (byId("passkey-part").hidden && !invitation.passphrase) {
    throw new Problem("browser", "You sign in here with a passkey, and this browser cannot make one at this address. Use a current browser, and reach the site by its name.");
  }
  made = await newMember(invitation);
  count();
  byId("split").hidden = !invitation.makesKey;
  for (const input of byId("split").querySelectorAll("input")) input.disabled = !invitation.makesKey;
  passphraseForm.hidden = false;
}

// ---- the passkey

byId("make-passkey").addEventListener("click", async () => {
  say("");
  byId("make-passkey").disabled = true;
  try {
    const slot = await post("/staff/enroll/passkey", { token });
    const { way, opens } = await passkeyWay({ ...invitation, root: made.root, slot, label: byId("passkey-label").value });
    const { answer, ...rest } = way;
    const checked = await post("/staff/enroll/passkey/made", { token, id: way.id, answer });
    passkey = { opens, way: { ...rest, made: checked.made } };
    byId("passkey-state").textContent = opens
      ? "The passkey was made. It signs you in and opens your keys."
      : "The passkey was made. It signs you in, but this device cannot open keys with it: you need a passphrase, too.";
    count();
  } catch (error) {
    say(wordsFor(error));
    byId("make-passkey").disabled = false;
  }
});

// count says how many ways in there would be, and what one is not enough for.
function count() {
  const n = (passkey?.opens ? 1 : 0) + (byId("passphrase").value ? 1 : 0);
  byId("passphrase-title").textContent = passkey?.opens ? "Add a passphrase, as a second way in" : "Choose a passphrase";
  byId("ways-count").textContent = [
    "You have no way to open your keys yet.",
    "You have one way to open your keys. If you lose it, you lose them: add a second one now, or a passkey on another device once you have joined.",
    "You have two ways to open your keys. Keep them in different places.",
  ][n];
}

// ---- the passphrase

byId("passphrase").addEventListener("input", () => {
  byId("strength").textContent = judge(byId("passphrase").value).words;
  count();
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
  const typed = byId("passphrase").value;
  const verdict = judge(typed);
  const [n, k] = [byId("parts").valueAsNumber, byId("needed").valueAsNumber];
  try {
    if (!passkey && !invitation.passphrase) throw new Problem("passkey", "Make a passkey first: you sign in with it.");
    if (typed || !passkey?.opens) {
      if (!verdict.enough) throw new Problem("passphrase", `This passphrase is too easy to guess. ${verdict.words}`);
      if (typed !== byId("again").value) throw new Problem("passphrase", "The two passphrases are not the same.");
    }
    if (invitation.makesKey && !(k >= 2 && n >= k && n <= 9)) throw new Problem("shares", "At least two parts must be needed, and no more than there are. There can be up to nine.");
    byId("go").disabled = true;
    byId("progress").textContent = "Making your keys. This takes a second or two.";
    if (typed) {
      const slot = await post("/staff/enroll/passphrase", { token });
      passphrase = await passphraseWay({ ...invitation, root: made.root, slot, passphrase: typed });
    }
    if (!invitation.makesKey) return await finish();
    office = await makeOfficeKey({ program: invitation.program, office: invitation.office, memberKey: made.kem, holder: `member:${invitation.member}`, k, n });
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
  const ways = [passkey?.way, passphrase].filter(Boolean);
  await post("/staff/enroll", { token, ...made.published, ways, ...(office ? { officeKey: office.key } : {}) });
  history.replaceState(null, "", location.pathname); // the link is used up: keep it out of the history
  for (const id of ["passphrase", "again", "proof"]) byId(id).value = "";
  byId("cards").replaceChildren();
  passphraseForm.hidden = true;
  proofForm.hidden = true;
  byId("opening").textContent = "";
  byId("done-text").textContent = invitation.waits
    ? "One step is left: a colleague who can open your office's reports has to give you access. Read them this key mark, by phone or in person:"
    : `Your keys are made. Sign in with your ${passkey ? "passkey" : "e-mail address and your passphrase"}.`;
  const opening = (passkey?.opens ? 1 : 0) + (passphrase ? 1 : 0);
  byId("done-ways").textContent = opening > 1
    ? `You have ${opening} ways to open your keys.`
    : "You have one way to open your keys. If you lose it, you lose them: sign in and add a second one on the page of your ways in.";
  if (invitation.waits) {
    const mark = hex((await keyID(made.kem)).slice(0, 8));
    byId("done-mark").textContent = mark.match(/.{4}/g).join(" ");
    byId("done-mark").hidden = false;
  }
  byId("done").hidden = false;
  byId("done-title").focus();
  made.root.fill(0);
  office = made = passkey = passphrase = undefined;
}

try {
  await begin();
  byId("opening").textContent = `Welcome, ${invitation.name}.`;
} catch (error) {
  byId("opening").textContent = "";
  say(wordsFor(error));
}

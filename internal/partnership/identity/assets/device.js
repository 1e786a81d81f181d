// SPDX-License-Identifier: Apache-2.0
//
// The new device: it makes a key, shows six words of it, gets the root sealed to that key, and makes its own way in. The key lives as long as this page.
import { checkWords, rootFor } from "./check.js";
import { b64, checkBrowser, bytesOf, post, Problem, publicFromSeed, wordList, wordsFor } from "./keys.js";
import { kemSeed } from "./root.js";
import { equal, openFrom, random } from "./sealing.js";
import { passkeyWay } from "./ways.js";

const byId = (id) => document.getElementById(id);
const token = decodeURIComponent(location.hash.slice(1));
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
let root, whose;

addEventListener("hashchange", () => location.reload()); // another link, in the same tab

async function begin() {
  if (!token) throw new Problem("server", "This page is opened by a link that you make on the device where you are signed in. The part behind the # is missing.");
  byId("opening").textContent = "Looking at your link.";
  await checkBrowser();
  const seed = random(32);
  const publicKey = await publicFromSeed(seed);
  whose = await post("/staff/device/open", { token, public: b64(publicKey) });
  if (!whose.passkeys) throw new Problem("passkey", "Passkeys do not work at this address. Reach the site by its name.");
  history.replaceState(null, "", location.pathname); // keep the link out of the history
  byId("opening").textContent = `Hello, ${whose.name}.`;
  byId("check-words").textContent = await checkWords(await wordList(), { program: whose.program, member: whose.member, link: whose.link, publicKey });
  byId("compare").hidden = false;
  byId("compare-title").focus();
  root = await take(seed);
  seed.fill(0);
  byId("compare").hidden = true;
  byId("passkey-form").hidden = false;
  byId("passkey-title").focus();
}

// take waits until the other device has left the root, and holds it to the member's public key.
async function take(seed) {
  for (;;) {
    const { sealed } = await post("/staff/device/root", { token });
    if (sealed) {
      const opened = await openFrom(seed, sealed, rootFor({ program: whose.program, member: whose.member, link: whose.link }));
      if (!equal(await publicFromSeed(kemSeed(opened)), bytesOf(whose.kem))) throw new Problem("open", "What arrived is not your key. Nothing was added. Tell your administrator.");
      return opened;
    }
    await pause(1000);
  }
}

byId("passkey-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  byId("problem").textContent = "";
  byId("make").disabled = true;
  byId("progress").textContent = "Your browser asks for the passkey.";
  try {
    const slot = await post("/staff/device/passkey", { token });
    const { way, opens } = await passkeyWay({ root, program: whose.program, member: whose.member, slot, label: byId("label").value });
    await post("/staff/device", { token, ways: [way] });
    root.fill(0);
    byId("passkey-form").hidden = true;
    byId("done-text").textContent = opens
      ? "Sign in here with its passkey."
      : "Its passkey signs you in, but this device cannot open keys with it. Type your passphrase for that; if you have none, set one on your first device.";
    byId("done").hidden = false;
    byId("done-title").focus();
  } catch (error) {
    byId("problem").textContent = wordsFor(error);
  } finally {
    byId("make").disabled = false;
    byId("progress").textContent = "";
  }
});

try {
  await begin();
} catch (error) {
  byId("opening").textContent = "";
  byId("compare").hidden = true;
  byId("problem").textContent = wordsFor(error);
}

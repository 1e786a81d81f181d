// SPDX-License-Identifier: Apache-2.0
//
// A member's own ways in: another passkey, another device, another passphrase. Each begins with opening the keys anew: an open tab alone adds nothing.
import { checkWords, rootFor } from "./check.js";
import { b64, get, Problem, post, rootFrom, unb64, wordList, wordsFor } from "./keys.js";
import { judge } from "./passphrase.js";
import { sealTo } from "./sealing.js";
import { passkeyWay, passphraseWay } from "./ways.js";

const byId = (id) => document.getElementById(id);
const say = (text) => (byId("problem").textContent = text);
const tell = (text) => (byId("progress").textContent = text);

// step runs one act at a time and shows what went wrong.
let busy = false;
async function step(act) {
  if (busy) return say("Something else is under way. Finish it above, or load this page again.");
  busy = true;
  say("");
  try {
    await act();
  } catch (error) {
    say(wordsFor(error));
    byId("problem").scrollIntoView({ block: "center" });
  } finally {
    busy = false;
    tell("");
    byId("ask").replaceChildren();
  }
}

async function withRoot(why, act) {
  tell(why);
  byId("ask").scrollIntoView({ block: "center" });
  const opened = await rootFrom(byId("ask"), why);
  try {
    await act(opened);
  } finally {
    opened.root.fill(0);
  }
}

byId("add-passkey")?.addEventListener("submit", (event) => {
  event.preventDefault();
  step(() => withRoot("Open your keys first, with a way in that you have.", async (opened) => {
    tell("Now make the new passkey. Your browser asks where.");
    const slot = await post("/staff/ways/passkey", {});
    const { way } = await passkeyWay({ ...opened, slot, label: byId("label").value });
    await post("/staff/ways", way);
    location.replace("/staff/ways?done=added");
  }));
});

// ---- the passphrase

byId("passphrase").addEventListener("input", () => {
  byId("strength").textContent = judge(byId("passphrase").value).words;
});

byId("set-passphrase").addEventListener("submit", (event) => {
  event.preventDefault();
  step(async () => {
    const passphrase = byId("passphrase").value;
    const verdict = judge(passphrase);
    if (!verdict.enough) throw new Problem("passphrase", `This passphrase is too easy to guess. ${verdict.words}`);
    if (passphrase !== byId("again").value) throw new Problem("passphrase", "The two passphrases are not the same.");
    await withRoot("Open your keys first, with a way in that you have.", async (opened) => {
      tell("Setting the passphrase. This takes a second or two.");
      const slot = await post("/staff/ways/passphrase", {});
      await post("/staff/ways", await passphraseWay({ ...opened, slot, passphrase }));
      for (const id of ["passphrase", "again"]) byId(id).value = "";
      location.replace("/staff/ways?done=passphrase");
    });
  });
});

// ---- another device

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
let link;

byId("make-link")?.addEventListener("click", () => step(async () => {
  link = await post("/staff/device-link", {});
  byId("link").textContent = link.link;
  byId("link-box").hidden = false;
  byId("compare").hidden = true;
  byId("link-state").textContent = "Waiting until the other device opens it.";
  waitForDevice(link).catch((error) => (byId("link-state").textContent = wordsFor(error)));
}));

async function waitForDevice(mine) {
  const [{ program }, list] = await Promise.all([get("/staff/keys/ways"), wordList()]);
  while (mine === link) {
    let state;
    try {
      state = await get(`/staff/device-link/${mine.id}`);
    } catch (error) {
      if (error.code || error.kind !== "server") throw error;
      await pause(1000); // no answer: the connection may come back
      continue;
    }
    if (mine !== link) return;
    if (state.public) {
      mine.public = unb64(state.public);
      mine.program = program;
      byId("check-words").textContent = await checkWords(list, { program, member: byId("link-part").dataset.member, link: mine.id, publicKey: mine.public });
      byId("link-state").textContent = "The other device has opened it.";
      byId("compare").hidden = false;
      return;
    }
    await pause(1000);
  }
}

byId("same")?.addEventListener("click", () => step(() => withRoot("Open your keys, to give them to your other device.", async ({ root, program, member }) => {
  if (!link) throw new Problem("refused", "The link was closed. Nothing was given.");
  const sealed = await sealTo(link.public, root, rootFor({ program, member, link: link.id }));
  await post(`/staff/device-link/${link.id}`, { public: b64(link.public), sealed: b64(sealed) });
  link = undefined;
  location.replace("/staff/ways?done=linked");
})));

// That the words differ is said whatever else is under way.
byId("different")?.addEventListener("click", async () => {
  link = undefined;
  byId("link-box").hidden = true;
  try {
    await post("/staff/device-link/close", {});
    say("The link was closed and nothing was given. Somebody may be listening in: tell your administrator before you try again.");
  } catch (error) {
    byId("link-box").hidden = false;
    say(wordsFor(error));
  }
  byId("problem").scrollIntoView({ block: "center" });
});

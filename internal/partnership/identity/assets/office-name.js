// SPDX-License-Identifier: Apache-2.0
//
// The name of the office's key, made from the key that this tab holds, and the key marks of its holders, made from their keys: what stands on the page otherwise
// comes from the server.
import { get, keyMark, ready, spokenNameOf, wordsFor } from "./keys.js";

const place = document.getElementById("spoken");

for (const mark of document.querySelectorAll("[data-mark-of]")) mark.textContent = await keyMark(mark.dataset.markOf);

if (place) {
  try {
    const { office } = place.dataset;
    await ready(document.getElementById("unlock"), office);
    const { keyId } = await get("/staff/office/current");
    place.textContent = await spokenNameOf({ office, current: keyId });
  } catch (error) {
    place.textContent = wordsFor(error);
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// The name of the office's key, made from the key that this tab holds: what stands on the page otherwise comes from the server.
import { get, ready, spokenNameOf, wordsFor } from "./keys.js";

const place = document.getElementById("spoken");

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

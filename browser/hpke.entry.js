// SPDX-License-Identifier: Apache-2.0
//
// What assets/hpke.js exports, and nothing else of the libraries.
export { Aes256Gcm, CipherSuite, HkdfSha256 } from "@hpke/core";
export { XWing } from "@hpke/hybridkem-x-wing";

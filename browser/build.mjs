// SPDX-License-Identifier: Apache-2.0
//
// Bundles the sealing library for the browser. The same lock file gives the same bytes on every machine; README.md says how to check that.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const out = new URL("../internal/partnership/identity/assets/hpke.js", import.meta.url).pathname;
const version = (name) => JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url))).version;
const parts = ["@hpke/core", "@hpke/common", "@hpke/dhkem-x25519", "@hpke/hybridkem-x-wing", "mlkem"];
const licence = readFileSync(new URL("node_modules/@hpke/core/LICENSE", import.meta.url), "utf8")
  .trim()
  .replace("Copyright (c) 2023 Ajitomi Daisuke", `Copyright (c) 2023-2024 Ajitomi Daisuke
Copyright (c) 2022 Paul Miller (noble-hashes and noble-curves, parts of @hpke/common and mlkem)
mlkem is based on crystals-kyber-javascript by Anton Tutoveanu, also MIT`);
if (!licence.includes("Paul Miller")) throw new Error("the licence text changed: look again at who must be named");

const banner = [
  "/*!",
  " * " + parts.map((name) => `${name} ${version(name)}`).join(", ") + ". Built by browser/build.mjs; do not edit.",
  " *",
  ...licence.split("\n").map((line) => ` * ${line}`.trimEnd()),
  " */",
].join("\n");

await build({
  entryPoints: [new URL("hpke.entry.js", import.meta.url).pathname],
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  charset: "ascii",
  legalComments: "none",
  banner: { js: banner },
  outfile: out,
  logLevel: "warning",
});

const bytes = readFileSync(out);
const sum = createHash("sha256").update(bytes).digest("hex");
writeFileSync(new URL("hpke.js.sha256", import.meta.url), `${sum}  hpke.js\n`);
console.log(`${sum}  hpke.js  ${bytes.length} bytes`);

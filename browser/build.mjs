// SPDX-License-Identifier: Apache-2.0
//
// Bundles what the browser loads in one piece: the sealing library, and the scripts of the sender's pages. The same lock file gives the same bytes on every
// machine; README.md says how to check that.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const out = new URL("../internal/platform/seal/assets/hpke.js", import.meta.url).pathname;
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

// The pages' own scripts: smaller than they stand in the repository, and in one file, since every file is one more request on a slow line. The library and
// the pinned keys stay files of their own.
const root = new URL("../", import.meta.url).pathname;
const report = new URL("../internal/protection/report/", import.meta.url).pathname;
const apart = {
  name: "apart",
  setup: (b) => b.onResolve({ filter: /\/(hpke|pinned)\.js$/ }, ({ path }) => ({ path: "./" + path.split("/").pop(), external: true })),
};
const own = [["form.js", "report.js"], ["lookup.js", "lookup.js"]];
const sources = new Set();
for (const [source, name] of own) {
  const { metafile } = await build({
    metafile: true,
    entryPoints: [report + "script/" + source],
    bundle: true,
    format: "esm",
    target: "es2022",
    minify: true,
    charset: "ascii",
    legalComments: "none",
    plugins: [apart],
    outfile: report + "assets/" + name,
    logLevel: "warning",
  });
  for (const file of Object.keys(metafile.inputs)) sources.add(file);
}

// What was built, and of what: a test holds the repository against these hashes, so that no source changes without its bundle.
const sumOf = (file) => createHash("sha256").update(readFileSync(file)).digest("hex");
const lines = [out, ...own.map(([, name]) => report + "assets/" + name)].map((file) => {
  const bytes = readFileSync(file);
  const name = file.split("/").pop();
  console.log(`${name}  ${bytes.length} bytes, ${gzipSync(bytes, { level: 9 }).length} compressed`);
  return `${sumOf(file)}  ${file.slice(root.length)}\n`;
});
for (const file of [...sources].sort()) lines.push(`${sumOf(file)}  ${new URL(file, import.meta.url).pathname.slice(root.length)}\n`);
writeFileSync(new URL("scripts.sha256", import.meta.url), lines.join(""));

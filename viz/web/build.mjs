// Bundles entry.js and writes ../static/vendor: the script, the licence texts, MANIFEST.json.
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { build } from "esbuild";

const vendor = new URL("../static/vendor/", import.meta.url);
const packages = Object.entries(JSON.parse(await readFile("package.json", "utf-8")).dependencies);
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

const { outputFiles } = await build({
  entryPoints: ["entry.js"],
  bundle: true,
  minify: true,
  format: "iife",
  globalName: "vis",
  target: "es2020",
  charset: "utf8",
  legalComments: "eof",
  write: false,
});
await mkdir(vendor, { recursive: true });
await writeFile(new URL("vis-network.js", vendor), outputFiles[0].contents);

const manifest = { file: "vis-network.js", sha256: sha256(outputFiles[0].contents), packages: [] };
for (const [name, pinned] of packages) {
  const folder = `node_modules/${name}/`;
  const { version, license } = JSON.parse(await readFile(`${folder}package.json`, "utf-8"));
  if (version !== pinned) throw new Error(`${name}: ${pinned} is pinned, ${version} is installed`);
  const texts = (await readdir(folder)).filter((file) => /^licen[cs]e/i.test(file)).sort();
  // Packages under a choice of licences ship one text each; we take MIT.
  const text = await readFile(folder + (texts.find((file) => /mit/i.test(file)) ?? texts[0]));
  const copy = `LICENSE.${name.replace("@", "").replace("/", "-")}.txt`;
  await writeFile(new URL(copy, vendor), text);
  manifest.packages.push({ package: name, version, licence: license, text: copy, sha256: sha256(text) });
}
await writeFile(new URL("MANIFEST.json", vendor), JSON.stringify(manifest, null, 2) + "\n");

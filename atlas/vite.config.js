// Builds one HTML file without any reference to another file, and says in it which
// sources it was built from, so that a stale page is noticed (tests/atlas).
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vite";

const PAGE = "../experiments/atlas/page.html";

/** Files that the page is made of, by name, with the schema that ties it to Python. */
function sources() {
  const names = ["index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.js"];
  for (const name of readdirSync("src")) names.push(`src/${name}`);
  names.push("../experiments/atlas/schema.json");
  return names.sort();
}

/** SHA-256 over names and contents; `experiments/atlas` computes the same. */
function fingerprint() {
  const hash = createHash("sha256");
  for (const name of sources()) {
    hash.update(name).update("\0").update(readFileSync(name)).update("\0");
  }
  return hash.digest("hex");
}

const digest = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** Licenses of the packages whose modules are in the page, as they ask. */
function licenses(modules) {
  const folders = new Set();
  for (const id of modules) {
    const found = /^(.*\/node_modules\/((?:@[^/]+\/)?[^/]+))\//.exec(id.replace("\0", ""));
    if (found) folders.add(found[1]);
  }
  const texts = [...folders].sort().map((folder) => {
    const { name, version, license, author } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file ? readFileSync(join(folder, file), "utf8").trim() : `License ${license}, by ${author?.name ?? author}`;
    return `${name} ${version}\n\n${text}`;
  });
  return texts.join("\n\n\n").replaceAll("--", "- -");
}

function singleFile() {
  return {
    name: "single-file",
    enforce: "post",
    generateBundle(_, bundle) {
      const html = Object.values(bundle).find((file) => file.fileName.endsWith(".html"));
      const script = Object.values(bundle).find((file) => file.type === "chunk");
      const sheet = Object.values(bundle).find((file) => file.fileName.endsWith(".css"));
      const code = script.code.replaceAll("</script", "<\\/script").trim();
      const css = sheet.source.toString().trim();
      // No other script can run, none can be made from text, and nothing can be fetched.
      const policy =
        `default-src 'none'; img-src data:; style-src ${digest(css)}; ` +
        `script-src ${digest(code)}; base-uri 'none'; form-action 'none'`;
      const page = html.source
        .replace(/<script type="module"[^>]*><\/script>\s*/, "")
        .replace(/<link rel="stylesheet"[^>]*>\s*/, "")
        .replace(
          '<meta charset="utf-8">',
          () =>
            '<meta charset="utf-8">\n' +
            `<meta http-equiv="Content-Security-Policy" content="${policy}">\n` +
            `<meta name="atlas-sources" content="${fingerprint()}">`,
        )
        // In the head, so that a file cut short in its data still says what is wrong;
        // as a module, the script runs when all has been read.
        .replace("</head>", () => `<!--\nThis page holds:\n\n${licenses(Object.keys(script.modules))}\n-->\n</head>`)
        .replace("</head>", () => `<style>${css}</style>\n<script type="module">${code}</script>\n</head>`);
      writeFileSync(join(import.meta.dirname, PAGE), page);
      for (const name of Object.keys(bundle)) delete bundle[name];
    },
  };
}

export default defineConfig({
  build: {
    target: "es2022",
    modulePreload: false,
    cssCodeSplit: false,
    emptyOutDir: false,
    rollupOptions: { output: { inlineDynamicImports: true } },
  },
  plugins: [singleFile()],
});

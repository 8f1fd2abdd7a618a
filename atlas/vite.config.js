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
      // regl compiles its draw calls with `new Function`: hence unsafe-eval. No other
      // script can run and nothing can be fetched.
      const policy =
        `default-src 'none'; img-src data:; style-src ${digest(css)}; ` +
        `script-src ${digest(code)} 'unsafe-eval'; base-uri 'none'; form-action 'none'`;
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
        .replace("</head>", () => `<style>${css}</style>\n<script type="module">${code}</script>\n</head>`);
      writeFileSync(join(import.meta.dirname, PAGE), page);
      for (const name of Object.keys(bundle)) delete bundle[name];
    },
  };
}

export default defineConfig({
  build: { target: "es2022", modulePreload: false, cssCodeSplit: false, emptyOutDir: false },
  plugins: [singleFile()],
});

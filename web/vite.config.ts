import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import zlib, { constants } from "node:zlib";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** Where `make dev` runs the Python server. */
const server = process.env.TAILRACE_URL ?? "http://127.0.0.1:8888";

const COMPRESSIBLE = /\.(?:js|css|html|svg|json|wasm|ttf|txt)$/;
const EDITOR =
  /node_modules\/(?:@codemirror\/(?:autocomplete|commands|lang-python|language|state|view)|@lezer\/(?:common|highlight|lr|python)|style-mod|w3c-keyname|crelt)\//;
const WORTH_BYTES = 1024;
const LARGE_BYTES = 1 << 19;
const gzip = promisify(zlib.gzip);
const brotli = promisify(zlib.brotliCompress);

/** Writes `.br` and `.gz` beside each asset, once, so that the server never compresses. */
function compressed(): Plugin {
  return {
    name: "compressed",
    apply: "build",
    async writeBundle({ dir = "" }, bundle) {
      const compress = async (path: string) => {
        const content = await readFile(path);
        if (content.length < WORTH_BYTES) return;
        // The best quality takes seconds per megabyte and saves a few percent.
        const quality = content.length > LARGE_BYTES ? 9 : constants.BROTLI_MAX_QUALITY;
        const params = { [constants.BROTLI_PARAM_QUALITY]: quality };
        const [gz, br] = await Promise.all([gzip(content), brotli(content, { params })]);
        await Promise.all([writeFile(`${path}.gz`, gz), writeFile(`${path}.br`, br)]);
      };
      const names = Object.keys(bundle).filter((name) => COMPRESSIBLE.test(name));
      await Promise.all(names.map((name) => compress(join(dir, name))));
    },
  };
}

/** Every browser we run in reads WOFF 2; the older forms would only make the wheel larger. */
function woff2Only(): Plugin {
  return {
    name: "woff2-only",
    enforce: "pre",
    transform(code, id) {
      if (!id.includes("katex") || !id.split("?", 1)[0]?.endsWith(".css")) return null;
      return code.replace(/,\s*url\([^)]*\)\s*format\(["'](?:woff|truetype)["']\)/g, "");
    },
  };
}

/** What pdf.js asks for by name: the standard fonts, character maps, colours, decoders. */
function pdfResources(): Plugin {
  const from = "node_modules/pdfjs-dist";
  return {
    name: "pdf-resources",
    apply: "build",
    async generateBundle() {
      const { version } = JSON.parse(await readFile(join(from, "package.json"), "utf8"));
      for (const folder of ["cmaps", "standard_fonts", "iccs", "wasm"]) {
        for (const name of await readdir(join(from, folder))) {
          if (name.endsWith(".wasm") || name.startsWith("quickjs")) continue; // never run here
          this.emitFile({
            type: "asset",
            fileName: `assets/pdf-${version}/${folder}/${name}`,
            source: await readFile(join(from, folder, name)),
          });
        }
      }
    },
  };
}

export default defineConfig({
  // Relative: one build serves every base URL (the server links `index.html` below its own).
  base: "./",
  plugins: [react(), woff2Only(), pdfResources(), compressed()],
  build: {
    outDir: "../src/tailrace/web",
    emptyOutDir: true,
    target: "es2023",
    // The content security policy allows no `data:` fonts and no inline script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
    // The page, and the document of the frames in which output that may run script lives.
    rolldownOptions: {
      input: ["index.html", "frame.html"],
      // What the first cell needs of the editor is one request, not one for each package.
      output: { codeSplitting: { groups: [{ name: "editor", test: EDITOR }] } },
    },
  },
  server: {
    proxy: { "/api": { target: server, ws: true, changeOrigin: true } },
  },
  test: {
    include: ["src/**/*.test.ts", "src/**/*.test.tsx", "tests/**/*.test.ts"],
    // A test that needs a page says so: `// @vitest-environment happy-dom`.
    environment: "node",
    // No file leaves anything behind that another sees; a worker for each took three times as long.
    isolate: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});

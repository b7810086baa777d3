import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** Where `make dev` runs the Python server. */
const server = process.env.TAILRACE_URL ?? "http://127.0.0.1:8888";

const COMPRESSIBLE = /\.(?:js|css|html|svg|json|wasm|ttf|txt)$/;
const WORTH_BYTES = 1024;

/** Writes `.br` and `.gz` beside each asset, once, so that the server never compresses. */
function compressed(): Plugin {
  return {
    name: "compressed",
    apply: "build",
    async writeBundle({ dir = "" }, bundle) {
      for (const name of Object.keys(bundle)) {
        const content = COMPRESSIBLE.test(name) ? await readFile(join(dir, name)) : Buffer.alloc(0);
        if (content.length < WORTH_BYTES) continue;
        await writeFile(join(dir, `${name}.gz`), gzipSync(content, { level: 9 }));
        await writeFile(join(dir, `${name}.br`), brotliCompressSync(content));
      }
    },
  };
}

export default defineConfig({
  // Relative: one build serves every base URL (the server links `index.html` below its own).
  base: "./",
  plugins: [react(), compressed()],
  build: {
    outDir: "../src/tailrace/web",
    emptyOutDir: true,
    target: "es2023",
    // The content security policy allows no `data:` fonts and no inline script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
    // The page, and the document of the frames in which output that may run script lives.
    rolldownOptions: { input: ["index.html", "frame.html"] },
  },
  server: {
    proxy: { "/api": { target: server, ws: true, changeOrigin: true } },
  },
  test: {
    include: ["src/**/*.test.ts", "src/**/*.test.tsx", "tests/**/*.test.ts"],
    // A test that needs a page says so: `// @vitest-environment happy-dom`.
    environment: "node",
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});

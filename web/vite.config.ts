import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** Where `make dev` runs the Python server. */
const server = process.env.TAILRACE_URL ?? "http://127.0.0.1:8888";

export default defineConfig({
  plugins: [react()],
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

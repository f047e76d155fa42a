/** Builds the pages into `dist/pages`, which server/static-files.ts serves: one HTML file in each folder that is a page. */
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const folder = fileURLToPath(new URL(".", import.meta.url));
const pages = readdirSync(folder)
  .map((name) => `${folder}${name}/index.html`)
  .filter((path) => existsSync(path));

export default defineConfig({
  plugins: [react()],
  worker: { format: "es" },
  build: {
    outDir: "dist/pages",
    target: "es2023",
    cssTarget: "es2023",
    assetsInlineLimit: 0, // the content security policy takes no data: URLs
    modulePreload: { polyfill: false }, // every browser that this target names has its own
    rolldownOptions: { input: pages },
    reportCompressedSize: false,
  },
});

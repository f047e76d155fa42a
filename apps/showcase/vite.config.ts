/** Builds the pages into `dist`, which server.js serves. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

export default defineConfig({
  build: {
    target: "es2023",
    cssTarget: "es2023",
    assetsInlineLimit: 0, // the content security policy takes no data: URLs
    modulePreload: { polyfill: false }, // every browser that this target names has its own
    rolldownOptions: {
      input: ["index.html", "which.html"].map((page) => fileURLToPath(new URL(page, import.meta.url))),
    },
    reportCompressedSize: false,
  },
});

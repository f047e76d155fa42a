/** Builds the page into `dist`, which server.js serves. */
import { defineConfig } from "vite";

export default defineConfig({
  build: {
    target: "es2023",
    cssTarget: "es2023",
    assetsInlineLimit: 0, // the content security policy takes no data: URLs
    modulePreload: { polyfill: false }, // one chunk
    reportCompressedSize: false,
  },
});

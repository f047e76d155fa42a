/** Runs cases.ts in a worker thread of Node. */
import { register } from "node:module";
import { isMainThread, Worker } from "node:worker_threads";
import { WebSocket } from "ws";

if (isMainThread) new Worker(new URL(import.meta.url), { argv: process.argv.slice(2) });
else {
  register("../../soak/typescript-loader.js", import.meta.url);
  globalThis.WebSocket ??= WebSocket; // Node 20 has none for the orders
  await import("./cases.ts");
}

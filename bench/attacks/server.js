/** The server that is attacked, as a process of its own: its processor time and its memory are nobody else's. */
import process from "node:process";
import { eitherway } from "eitherway";
import { createTokenAuth } from "eitherway/tokens";

const SILENT = { info() {}, warn() {}, error() {} };
const COLLECTIONS = 4; // what one collection frees may hold more

const grantOf = createTokenAuth({ tokens: { ...JSON.parse(process.argv[2] ?? "{}"), audience: "costs" } });
const ew = eitherway({ auth: ({ token }) => (token === undefined ? null : grantOf(token)), logger: SILENT });
const { port } = await ew.listen({ port: 0 });

process.on("message", async () => {
  const { user, system } = process.cpuUsage(); // before the collections, which are not the attack's
  for (let i = 0; i < COLLECTIONS; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  const after = process.cpuUsage();
  process.send?.({
    cpuMicros: user + system,
    spent: after.user + after.system - user - system,
    bytes: heapUsed + external,
  });
});
process.on("disconnect", () => process.exit());
process.send?.({ port });

/** One node of several: a process of its own with a server over Redis, which a test kills. A token is the name of its user. */
import process from "node:process";
import { eitherway } from "../../../src/node/index.ts";
import { redis } from "../../../src/redis/index.ts";
import type { NodeSettings } from "../node-process.ts";

const { url, prefix, port, retention } = JSON.parse(process.argv[2] ?? "{}") as NodeSettings;
const complain = (event: string, fields?: unknown): void => {
  process.stderr.write(`${event} ${JSON.stringify(fields)}\n`);
};
const server = eitherway({
  broker: redis(url, { prefix }),
  auth: ({ token }) => (token === undefined ? null : { user: token }),
  retention,
  logger: { info() {}, warn: complain, error: complain },
});
await server.listen({ port });
process.send?.("listening");
process.on("disconnect", () => process.exit(0)); // nobody is there to kill it any more

/** One node of several: a process of its own with a server over Redis, which a test kills. A token is the name of its user. */
import process from "node:process";
import { eitherway } from "eitherway";
import { redis } from "eitherway/redis";

/** @type {import("../node-process.ts").NodeSettings} */
const { url, prefix, port, retention, natMap } = JSON.parse(process.argv[2] ?? "{}");

/** @type {(event: string, fields?: unknown) => void} */
const complain = (event, fields) => {
  process.stderr.write(`${event} ${JSON.stringify(fields)}\n`);
};

const server = eitherway({
  broker: redis(url, { prefix, client: natMap ? { natMap } : {} }),
  auth: ({ token }) => (token === undefined ? null : { user: token }),
  retention,
  logger: { info() {}, warn: complain, error: complain },
});
await server.listen({ port });
process.send?.("listening");
process.on("message", () => process.send?.(server.stats().links)); // the only question there is
process.on("disconnect", () => process.exit(0)); // nobody is there to kill it any more

/** A worker as an application has it: a server on the port that all share. */
import process from "node:process";
import { createLogger, eitherway } from "eitherway";
import { primaryBroker } from "eitherway/workers";

const ew = eitherway({ broker: primaryBroker(), logger: createLogger({ level: "error" }) });
process.once("SIGTERM", () => ew.close());
await ew.listen({ port: Number(process.env.WORKER_PORT) });

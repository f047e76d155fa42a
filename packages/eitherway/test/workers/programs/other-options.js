/** A worker that would keep other than its primary. */
import { createLogger, eitherway } from "eitherway";
import { primaryBroker } from "eitherway/workers";

try {
  eitherway({ keyWindowMs: 7, broker: primaryBroker(), logger: createLogger({ level: "error" }) });
} catch (error) {
  process.exit(error.message.startsWith("keyWindowMs is 7 here and 300000 in the primary") ? 7 : 1);
}

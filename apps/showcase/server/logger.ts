/** What the servers of all use cases write: what goes wrong, and not what is refused or ended. */
import { createLogger } from "eitherway";

export const logger = createLogger({ level: "warn" });

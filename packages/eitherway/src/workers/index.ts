/** Several processes on one machine that serve as one (`eitherway/workers`). */
export { primaryBroker } from "./primary-broker.ts";
export type { Workers, WorkersOptions } from "./start-workers.ts";
export { startWorkers } from "./start-workers.ts";

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { transportSuite } from "../../src/testing/index.ts";
import { type SuiteWorkers, startSuiteWorkers } from "./suite-servers.ts";

/** It closes the server at a moment when a poll is there, which nobody outside of its process can see. */
const BETWEEN_POLLS = "poll: a server that goes away says drain, and that to come back helps (P10, P11)";

describe("a server by two workers, round-robin", () => {
  let workers: SuiteWorkers | undefined;
  beforeAll(async () => {
    workers = await startSuiteWorkers();
  });
  afterAll(() => workers?.end());

  transportSuite({
    test: (name, run) => void (name !== BETWEEN_POLLS && test(name, run)),
    start: (settings) => workers?.start(settings) ?? expect.fail(),
  });
});

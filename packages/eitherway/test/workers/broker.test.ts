import { describe, test } from "vitest";
import { brokerSuite } from "../../src/testing/index.ts";
import { createPrimary } from "./support.ts";

describe("a broker by workers", () => {
  brokerSuite({
    test,
    time: true,
    streams: true,
    presence: true,
    async create(settings) {
      const primary = createPrimary(settings);
      const { broker } = await primary.addWorker();
      return { broker, advance: (ms) => primary.clock.advance(ms) };
    },
  });
});

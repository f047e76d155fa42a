import { describe, test } from "vitest";
import { brokerSuite } from "../../src/testing/index.ts";
import { directory, start } from "./support.ts";

describe.for(["always", "interval", "never"] as const)("file broker, fsync: %s", (fsync) => {
  brokerSuite({
    test,
    time: true,
    streams: true,
    presence: true,
    create(settings) {
      const { broker, advance } = start(directory(), { ...settings, fsync });
      return { broker, advance };
    },
  });
});

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, test } from "vitest";
import { file } from "../../src/file/index.ts";
import { DIALECTS, transportSuite } from "../../src/testing/index.ts";
import { startNodeServer } from "../matrix/support.ts";

const root = mkdtempSync(join(tmpdir(), "eitherway-file-suite-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** One that keeps its link open and one that comes again: the others do what these do, over the same broker. */
const dialects = DIALECTS.filter(({ name }) => /websocket.*json|poll/i.test(name));

describe("on files", () => {
  let servers = 0;
  transportSuite({
    test,
    dialects,
    start: (settings) => startNodeServer(settings, file(join(root, String(servers++)))),
  });
});

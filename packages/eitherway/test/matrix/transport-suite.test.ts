import { test } from "vitest";
import { transportSuite } from "../../src/testing/index.ts";
import { startNodeServer } from "./support.ts";

transportSuite({ test, start: (settings) => startNodeServer(settings) });

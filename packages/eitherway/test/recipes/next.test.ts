/** The recipe for Next.js: built and started as its user does, from a copy beside the packages that npm brings for it. */
import { execFile } from "node:child_process";
import { cp, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe } from "vitest";
import { bringRuntime } from "../everywhere/bring-runtime.ts";
import { ROOT } from "../readme/support.ts";
import type { Example } from "./example.ts";
import { testRecipe } from "./recipe-tests.ts";

const BUILD_MS = 300_000; // npm may have to bring it first; the build is 20 s of a processor

describe("examples/next", () => {
  let example: Example;
  beforeAll(async () => {
    const program = await bringRuntime("next");
    const folder = join(dirname(program), "..", "..", "example");
    await rm(folder, { recursive: true, force: true });
    await cp(join(ROOT, "examples", "next"), folder, { recursive: true });
    const env = { ...process.env, NODE_ENV: "production" as const, NEXT_TELEMETRY_DISABLED: "1" };
    await promisify(execFile)(program, ["build"], { cwd: folder, env });
    example = { folder, programs: [program] };
  }, BUILD_MS);

  testRecipe("next", false, async () => example);
});

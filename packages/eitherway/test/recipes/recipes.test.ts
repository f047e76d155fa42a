/** The folders of `examples/` that show Eitherway inside a host, each started with its own command. */
import { join } from "node:path";
import { beforeAll, describe } from "vitest";
import { bringRuntime, type RuntimeName } from "../everywhere/bring-runtime.ts";
import { ROOT } from "../readme/support.ts";
import { testRecipe } from "./recipe-tests.ts";

interface Recipe {
  readonly name: string;
  readonly sockets: boolean;
  readonly runtime?: RuntimeName;
}

const RECIPES: readonly Recipe[] = [
  { name: "http", sockets: true },
  { name: "express", sockets: true },
  { name: "fastify", sockets: true },
  { name: "hono", sockets: false },
  { name: "bun", sockets: false, runtime: "bun" },
  { name: "deno", sockets: false, runtime: "deno" },
];

const BRING_MS = 120_000; // npm may have to bring the runtime first

for (const { name, sockets, runtime } of RECIPES) {
  describe(`examples/${name}`, () => {
    let programs: readonly string[] = [];
    beforeAll(async () => {
      programs = runtime === undefined ? [] : [await bringRuntime(runtime)];
    }, BRING_MS);

    testRecipe(name, sockets, async () => ({ folder: join(ROOT, "examples", name), programs }));
  });
}

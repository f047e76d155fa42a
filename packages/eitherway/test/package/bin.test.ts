import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PACKAGE, run } from "./support.ts";

test("the command of a clone that is not built says in one sentence how to build", async () => {
  const folder = await mkdtemp(join(tmpdir(), "eitherway-bin-"));
  try {
    await cp(join(PACKAGE, "bin"), join(folder, "bin"), { recursive: true });
    await cp(join(PACKAGE, "package.json"), join(folder, "package.json"));
    const { code, stdout, stderr } = await run(
      process.execPath,
      [join(folder, "bin", "eitherway.js"), "serve"],
      folder,
    );
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^[^\n]+npm start[^\n]+\n$/);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

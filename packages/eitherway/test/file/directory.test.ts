import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { file } from "../../src/file/index.ts";
import { isEitherwayError } from "../../src/protocol/index.ts";
import { createFakeClock } from "../../src/testing/index.ts";
import { directory, start } from "./support.ts";

const WRITER = fileURLToPath(new URL("writer.js", import.meta.url));

/** Name and content of each file. */
function contents(path: string): string[] {
  return readdirSync(path)
    .sort()
    .map((name) => `${name} ${readFileSync(join(path, name), "base64")}`);
}

/** A store that was closed in order. */
async function store(): Promise<string> {
  const path = directory();
  const { broker } = start(path);
  for (let n = 0; n < 200; n++) {
    await broker.publish(`room/${n}`, [{ event: "message", payload: { kind: "text", data: "x".repeat(3_000) } }]);
  }
  await broker.close();
  return path;
}

/** What opening says; nothing in the directory has changed then. */
function refusal(path: string): { code: string; message: string; details: unknown } {
  const before = contents(path);
  try {
    start(path);
  } catch (thrown) {
    expect(contents(path)).toEqual(before);
    if (isEitherwayError(thrown)) return { code: thrown.code, message: thrown.message, details: thrown.details };
    throw thrown;
  }
  return expect.fail("it was opened");
}

describe("a directory that is no store to open is refused, and left untouched", () => {
  test("one with other files (P12)", () => {
    const path = directory();
    writeFileSync(join(path, "notes.txt"), "mine");
    const { code, message, details } = refusal(path);
    expect([code, details]).toEqual(["bad-request", { trouble: "foreign", directory: path }]);
    expect(message).toContain("notes.txt");
  });

  test("one with a database of somebody else (P12)", () => {
    const path = directory();
    writeFileSync(join(path, "data.mdb"), "theirs");
    expect(refusal(path).details).toEqual({ trouble: "foreign", directory: path });
  });

  test("a store of a newer format, which names both (P12)", async () => {
    const path = await store();
    const mark = join(path, "eitherway.json");
    writeFileSync(mark, readFileSync(mark, "utf8").replace('"format": 1', '"format": 99'));
    const { message, details } = refusal(path);
    expect(details).toEqual({ trouble: "newer", directory: path });
    expect(message).toMatch(/format 99, this version reads up to 1/);
  });

  test.each<[string, (path: string) => void]>([
    ["was cut off", (path) => truncateSync(join(path, "data.mdb"), 100_000)],
    ["was cut off within its head", (path) => truncateSync(join(path, "data.mdb"), 50)],
    ["has another head", (path) => writeFileSync(join(path, "data.mdb"), Buffer.alloc(100_000, 7))],
  ])("a store whose database %s (P12)", async (_what, damage) => {
    const path = await store();
    damage(path);
    const { code, details } = refusal(path);
    expect([code, details]).toEqual(["bad-request", { trouble: "damaged", directory: path }]);
  });

  test("a store whose database is missing, or whose mark is no JSON (P12)", async () => {
    const path = await store();
    const mark = readFileSync(join(path, "eitherway.json"), "utf8");
    const other = directory();
    writeFileSync(join(other, "eitherway.json"), mark);
    expect(refusal(other).details).toEqual({ trouble: "damaged", directory: other });
    writeFileSync(join(path, "eitherway.json"), mark.slice(0, 20));
    expect(refusal(path).details).toEqual({ trouble: "damaged", directory: path });
  });

  test("a store whose mark cannot be read (P12)", () => {
    const path = directory();
    mkdirSync(join(path, "eitherway.json"));
    expect(() => start(path)).toThrow(
      expect.objectContaining({ code: "bad-request", details: { trouble: "not-writable", directory: path } }),
    );
  });

  test("a store that the system does not let be opened is not called damaged (P12)", async () => {
    const path = await store();
    rmSync(join(path, "lock.mdb"));
    mkdirSync(join(path, "lock.mdb"));
    expect(() => start(path)).toThrow(
      expect.objectContaining({ code: "bad-request", details: { trouble: "not-writable", directory: path } }),
    );
  });

  test("one in which nothing can be made (P12)", () => {
    const path = directory();
    mkdirSync(join(path, "eitherway.json.new"));
    expect(() => start(path)).toThrow(
      expect.objectContaining({ code: "bad-request", details: { trouble: "not-writable", directory: path } }),
    );
  });

  test("one that this process has open, until it is closed (P12)", async () => {
    const path = directory();
    const { broker } = start(path);
    expect(() => start(path)).toThrow(`is open in process ${process.pid}`);
    await broker.close();
    await start(path).broker.close();
  });

  test("one that another process has open, with its pid, until that ends, however (P12)", async () => {
    const path = directory();
    const child = spawn(process.execPath, [WRITER, path, "always", "0"], { stdio: ["ignore", "pipe", "inherit"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    await once(child.stdout, "data");
    expect(() => start(path)).toThrow(
      expect.objectContaining({
        code: "unavailable",
        details: { trouble: "in-use", directory: path, pid: child.pid },
      }),
    );
    child.kill("SIGKILL");
    await once(child, "close");
    await start(path).broker.close();
  });

  test("one that cannot be made or written (P12)", () => {
    const path = directory();
    writeFileSync(join(path, "file"), "");
    expect(() => start(join(path, "file", "data"))).toThrow(
      expect.objectContaining({
        code: "bad-request",
        details: { trouble: "not-writable", directory: join(path, "file", "data") },
      }),
    );
  });

  test("options that are none are named (P12)", () => {
    expect(() => file("")).toThrow("give a path");
    expect(() => file("data", { fSync: "always" } as object)).toThrow('no option of file() "fSync"; known: fsync');
    expect(() => file("data", { fsync: "sometimes" as "always" })).toThrow("give one of always, interval, never");
  });
});

describe("a directory that was made a moment before the end", () => {
  test("is a store like any other", async () => {
    const path = directory();
    writeFileSync(join(path, "eitherway.json.new"), "{");
    const { broker, clock } = start(path);
    await broker.publish("a", [{ event: "message", payload: { kind: "text", data: "1" } }]);
    await broker.close();
    const again = start(path, { clock: createFakeClock({ wall: clock.wall() }) });
    expect(again.broker.sizes().channels).toBe(1);
  });
});

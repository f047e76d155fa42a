import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { textPayload } from "../../src/protocol/index.ts";
import { directory, start } from "./support.ts";

const FILLER = fileURLToPath(new URL("filler.js", import.meta.url));
const WRITER = fileURLToPath(new URL("writer.js", import.meta.url));
const ALL = { messages: 10_000, bytes: 10_000_000 };
const draft = (text: string) => ({ event: "message", payload: textPayload(text) });

describe("what is not committed", () => {
  test("is seen by nobody: no reader, no watcher, no receipt (P4)", async () => {
    const { broker } = start(directory());
    await broker.publish("a", [draft("1")]);
    const order: string[] = [];
    await broker.watch("a", () => order.push("heard"));
    const published = broker.publish("a", [draft("2")]).then(() => order.push("acknowledged"));
    const page = await broker.read("a", "start", ALL);
    expect(page.kind === "messages" && page.head.seq).toBe(1);
    expect(order).toEqual([]);
    await published;
    expect(order).toEqual(["heard", "acknowledged"]);
    const after = await broker.read("a", "start", ALL);
    expect(after.kind === "messages" && after.head.seq).toBe(2);
  });

  test("is many steps at once: all of a turn, and all that come while a commit is under way (P4)", async () => {
    const { broker } = start(directory());
    await broker.watch("a", () => {});
    const batches: number[] = [];
    const heardIn = new Map<string, number>();
    let turn = 0;
    const tick = () => {
      turn++;
      setImmediate(tick).unref();
    };
    tick();
    for (const channel of ["a", "b", "c"]) {
      await broker.watch(channel, ({ messages }) => {
        heardIn.set(channel, turn);
        batches.push(messages.length);
      });
    }
    await Promise.all(["a", "b", "c"].map((channel) => broker.publish(channel, [draft("1"), draft("2")])));
    expect(batches).toEqual([2, 2, 2]);
    expect(new Set(heardIn.values()).size).toBe(1);
  });
});

describe("a disk that is full", () => {
  test.each(["always", "interval", "never"] as const)(
    "refuses as storage-full what it has no room for, keeps what was acknowledged, and takes it again when there is room; fsync %s (P4, P6)",
    async (fsync) => {
      const path = directory();
      // The size to which this process may write a file stands for the disk's.
      const child = spawn("sh", ["-c", 'ulimit -f 4096; exec "$@"', "sh", process.execPath, FILLER, path, fsync], {
        stdio: ["ignore", "pipe", "ignore"], // the database's library writes there what went wrong
      });
      onTestFinished(() => void child.kill("SIGKILL"));
      let said = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        said += text;
      });
      await once(child, "close");
      const result = JSON.parse(said) as {
        refused: string[];
        retryable: boolean;
        failed: number;
        triedAgain: boolean;
        logged: string[];
        acknowledged: number;
        heard: number;
        kept: number;
        afterRoom: string;
      };
      expect(result.refused).toEqual(["storage-full"]);
      expect(result.retryable).toBe(true);
      expect([result.failed, result.triedAgain]).toEqual([1, false]);
      const [line = "", ...more] = result.logged;
      expect(more).toEqual([]);
      expect(line).toMatch(/^storage failed .*"cause":"storage-full: [^"]+"/);
      expect(line).toContain(JSON.stringify(path));
      expect(result.acknowledged).toBeGreaterThan(50);
      expect([result.heard, result.kept]).toEqual([result.acknowledged, result.acknowledged]);
      expect(result.afterRoom).toBe("ok");
      const { broker } = start(path, { fsync });
      const page = await broker.read("b", "start", ALL);
      expect(page.kind === "messages" && page.messages.length).toBe(1);
    },
  );
});

test("fsync always: an acknowledgement is written after the sync of its commit, and after every write to the database (P4)", async () => {
  const path = directory();
  const trace = join(mkdtempSync(join(tmpdir(), "eitherway-strace-")), "trace");
  const calls = "trace=write,pwrite64,writev,pwritev,fdatasync,fsync,openat";
  // One publisher: with more of them the next commit is written while what the one before acknowledged is said.
  const writer = [process.execPath, WRITER, path, "always", "0", "1"];
  const child = spawn("strace", ["-f", "-y", "-o", trace, "-e", calls, ...writer], {
    stdio: ["ignore", "pipe", "ignore"], // breaking off what it says ends it
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let acknowledged = 0;
  for await (const text of child.stdout.setEncoding("utf8")) {
    acknowledged += String(text).split("\n").length - 1;
    if (acknowledged > 200) break;
  }
  if (child.exitCode === null) await once(child, "close");
  const lines = readFileSync(trace, "utf8").split("\n");
  expect(lines.filter((line) => /openat\(.*data\.mdb".*O_DSYNC/.test(line)).length).toBeGreaterThan(0);
  let unsynced = false;
  let synced = 0;
  let said = 0;
  for (const line of lines) {
    if (/\b(?:pwrite64|pwritev|writev|write)\(\d+<[^>]*data\.mdb>/.test(line) && !isHead(line)) unsynced = true;
    if (/\b(?:fdatasync|fsync)\(\d+<[^>]*data\.mdb>/.test(line) && !line.includes("unfinished")) {
      unsynced = false;
      synced++;
    }
    if (!/\bwrite\(1</.test(line)) continue;
    said++;
    expect(unsynced, `acknowledged before the sync: ${line}`).toBe(false);
  }
  expect(synced).toBeGreaterThan(5);
  expect(said).toBeGreaterThan(5);
});

/** The head that makes a commit true goes through a descriptor that was opened to sync by itself. */
function isHead(line: string): boolean {
  return /, 128, (?:40|4136)\)/.test(line);
}

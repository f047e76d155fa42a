import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import type { Broker } from "../../src/core/index.ts";
import type { Fsync } from "../../src/file/index.ts";
import { formatId, type Id, parseId } from "../../src/protocol/index.ts";
import { createSeededRandom } from "../../src/testing/index.ts";
import { directory, start } from "./support.ts";

const WRITER = fileURLToPath(new URL("writer.js", import.meta.url));
const BUILT = fileURLToPath(new URL("../../dist/file/index.js", import.meta.url));
/** Over both directories; `npm run test:long` has more. */
const KILLS = Number(process.env.EITHERWAY_KILLS ?? 50);
const DIRECTORIES = 2; // at once: one has the other core while this one starts
const SEED = 20_261_128;
/** From the first acknowledgement to the end. */
const LONGEST_LIFE_MS = 120;
const SLOWEST_KILL_MS = 5_000;
const POLICIES: readonly Fsync[] = ["always", "interval", "never"];
/** Room for all that is published. */
const ROOMY = { limits: { logBytes: 2 ** 40 }, retention: { messages: 2 ** 40, bytes: 2 ** 40, ageMs: 60 * 60_000 } };
const PAGE = { messages: 1_000, bytes: 4_000_000 };

beforeAll(() => expect(existsSync(BUILT), "npm run build comes before this test").toBe(true));

/** What was acknowledged: text names by id. */
type Acknowledged = Map<Id, string>;

test(`a process that is killed with -9 while it publishes leaves every acknowledged message, whole, and ids that go on: ${KILLS} times, seed ${SEED} (P4, P5)`, {
  timeout: KILLS * SLOWEST_KILL_MS,
}, async () => {
  const kills = Math.ceil(KILLS / DIRECTORIES);
  const counts = await Promise.all(
    Array.from({ length: DIRECTORIES }, (_, one) => killAgainAndAgain(directory(), kills, SEED + one)),
  );
  expect(Math.min(...counts)).toBeGreaterThan(kills);
});

/** How many messages were acknowledged. */
async function killAgainAndAgain(path: string, kills: number, seed: number): Promise<number> {
  const random = createSeededRandom(seed);
  /** Where each channel was looked through up to: what was right stays so. */
  const seen = new Map<string, Id>();
  let total = 0;
  for (let run = 0; run < kills; run++) {
    const fsync = POLICIES[run % POLICIES.length] as Fsync;
    const acknowledged = await writeUntilKilled(path, fsync, `${run}`, random() * LONGEST_LIFE_MS);
    total += acknowledged.size;
    const { broker } = start(path, { ...ROOMY, fsync });
    try {
      await lookThrough(broker, acknowledged, seen);
      await resend(broker, acknowledged, `${run}`);
    } finally {
      await broker.close();
    }
  }
  return total;
}

async function writeUntilKilled(path: string, fsync: Fsync, run: string, lifeMs: number): Promise<Acknowledged> {
  const child = spawn(process.execPath, [WRITER, path, fsync, run], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  await Promise.race([once(child.stdout, "data"), once(child, "close")]);
  setTimeout(() => child.kill("SIGKILL"), lifeMs);
  await once(child, "close"); // everything that it said has arrived
  expect(child.signalCode).toBe("SIGKILL");
  const lines = said.split("\n").slice(0, -1); // what comes last may be half a line
  return new Map(lines.map((line) => line.split(" ")).map(([, id = "", name = ""]) => [id, name]));
}

/** Everything that is new: no hole, nothing torn, and all that was acknowledged under its id. */
async function lookThrough(broker: Broker, acknowledged: Acknowledged, seen: Map<string, Id>): Promise<void> {
  const missing = new Map(acknowledged);
  for (let channel = 0; ; channel++) {
    const name = `room/${channel}`;
    let after = seen.get(name) ?? "start";
    for (;;) {
      const page = await broker.read(name, after, PAGE);
      if (page.kind === "none") {
        expect([...missing]).toEqual([]);
        return;
      }
      if (page.kind === "gap") throw new Error(`a gap on ${name}: ${page.why}`);
      if (page.messages.length === 0) break;
      for (const message of page.messages) {
        const before = after === "start" ? 0 : (parseId(after)?.seq ?? 0);
        expect(message.seq).toBe(before + 1);
        after = formatId(page.epoch, message.seq);
        const [textName = "", letters, filling = ""] = String(message.payload.data).split(" ");
        if (filling.length !== Number(letters) || !/^x+$/.test(filling)) throw new Error(`${after} is torn`);
        const expected = missing.get(after);
        if (expected !== undefined) expect(textName).toBe(expected);
        missing.delete(after);
      }
    }
    if (after !== "start") seen.set(name, after);
  }
}

/** A client that had no answer, or had one and does not know of it, sends its last command again: the first receipt. */
async function resend(broker: Broker, acknowledged: Acknowledged, run: string): Promise<void> {
  const [id, name] = [...acknowledged].at(-1) ?? expect.fail("nothing was acknowledged");
  const [, channel = "", counter = ""] = name.split(".");
  const page = await broker.readBefore(`room/${channel}`, undefined, PAGE);
  const sent = page?.messages.find(({ payload }) => String(payload.data).startsWith(`${name} `));
  const [receipt] = await broker.publish(`room/${channel}`, [
    {
      event: "message",
      payload: sent?.payload ?? expect.fail(`${name} is not there`),
      key: { kind: "counted", user: "ana", client: `run-${run}`, counter: Number(counter) },
    },
  ]);
  expect(receipt).toEqual({ ok: true, id, repeated: true });
}

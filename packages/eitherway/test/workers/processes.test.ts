import cluster from "node:cluster";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { startWorkers } from "../../src/workers/index.ts";
import { pids, runWorkers } from "./processes.ts";

const BUILT = fileURLToPath(new URL("../../dist/workers/index.js", import.meta.url));
beforeAll(() => expect(existsSync(BUILT), "npm run build comes before this test").toBe(true));

async function publish(url: string, text: string): Promise<string> {
  const answer = await fetch(`${url}/channels/a`, {
    method: "POST",
    headers: { "content-type": "text/plain", connection: "close" }, // the next one comes to another worker
    body: text,
  });
  return ((await answer.json()) as { id: string }).id;
}

describe("a server by workers", () => {
  test("has one port and one log, and is ready once the broker is heard through the primary (P3, P11)", async () => {
    const { url, workers } = await runWorkers("server", { count: 2 });
    const ids: string[] = [];
    for (const text of ["1", "2", "3", "4"]) ids.push(await publish(url, text));
    expect(new Set(ids.map((id) => id.slice(0, 12))).size).toBe(1);
    const page = await (await fetch(`${url}/channels/a?after=start`)).json();
    expect(page).toMatchObject({ messages: ids.map((id, n) => ({ id, text: `${n + 1}` })) });
    await vi.waitFor(async () => expect((await fetch(`${url.replace(/eitherway$/, "")}readyz`)).status).toBe(200));
    expect(workers.size).toBe(2);
    await workers.close();
    expect([workers.size, pids()]).toEqual([0, []]);
  });

  test("starts those again that are killed, at the same port, with what was published before (P4)", async () => {
    const { url, ended } = await runWorkers("server", { count: 2 });
    await publish(url, "1");
    for (const victim of pids()) {
      const replaced = once(cluster, "listening");
      process.kill(victim, "SIGKILL");
      await replaced;
    }
    expect(ended).toMatchObject([{ signal: "SIGKILL", code: null }, { signal: "SIGKILL" }]);
    const page = await (await fetch(`${url}/channels/a?after=start`)).json();
    expect(page).toMatchObject({ messages: [{ text: "1" }] });
  });

  test("does not start where one ends before it listens, and leaves nobody behind (P12)", async () => {
    await expect(runWorkers("failing", { count: 2 })).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(/ended with code 3 before it listened/),
    });
    expect(pids()).toEqual([]);
  });

  test("has none that would keep other than the primary (P12)", async () => {
    await expect(runWorkers("other-options", { count: 1 })).rejects.toThrow("ended with code 7");
  });

  test.each([0, 1.5, 2_000, Number.NaN])("cannot have %d of them (P12)", async (count) => {
    await expect(startWorkers({ count })).rejects.toMatchObject({ code: "bad-request" });
  });

  test("does not start with an option that makes no sense (P12)", async () => {
    await expect(startWorkers({ count: 1, retention: { messages: 0 } })).rejects.toThrow("retention.messages is 0");
    await expect(startWorkers({ count: 1, ...{ auth: 1 } })).rejects.toThrow("Option auth has");
    await expect(startWorkers({ count: 1, ...{ colour: 1 } })).rejects.toThrow('no option "colour"; known: limits');
  });
});

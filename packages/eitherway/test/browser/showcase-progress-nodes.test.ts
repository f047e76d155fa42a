/** The showcase's jobs on several servers over one Redis, behind the nginx of `deploy/`: pages, stops and ends are of all of them. */
import { describe, expect, test, vi } from "vitest";
import { startProxy } from "../deploy/proxies.ts";
import { startRedis } from "../support/redis/redis-server.ts";
import { endsOf, openJobs, WAIT } from "./jobs-page.ts";
import { startModelServer } from "./model-server.ts";
import { type Showcase, startShowcase, useBrowser } from "./support.ts";

const SLOW_MS = 120_000; // a browser on a busy machine, and leases of 10 s

const openContext = useBrowser();

describe("jobs on several servers", { timeout: SLOW_MS }, () => {
  test("an answer goes on whole while the servers between it and its reader are killed; a stop on one of them reaches the model, and there is one end (P1, P2)", async () => {
    const { working, others, address, model, start } = await startServers();
    const asker = await openJobs(await openContext(), `${working.origin}/progress`);
    await asker.ask("Why?");
    const answer = await model.asked();
    answer.write("One, ");
    await asker.reads("One, ");
    const reader = await openJobs(await openContext(), address(asker));
    await reader.reads("One, ");

    for (const [n, other] of others.entries()) {
      await other.stop("SIGKILL"); // whichever it is that the reader comes by
      answer.write(`${n}, `);
      await start(other.port);
    }
    for (const { reads } of [asker, reader]) await reads("One, 0, 1, ");
    expect(await reader.resumes()).toBeGreaterThan(0);
    await reader.stop();
    for (const { stands } of [asker, reader]) await stands("Stopped");
    await vi.waitFor(() => expect(answer.isAborted).toBe(true), WAIT);
    expect(await endsOf(working, asker)).toEqual([expect.objectContaining({ state: "cancelled", done: 11 })]);
    expect(asker.complaints).toEqual([]);
  });

  test("a job whose own server is killed fails in words on all others, with what there was and one end (P2)", async () => {
    const { working, others, address, model } = await startServers();
    const asker = await openJobs(await openContext(), `${working.origin}/progress`);
    await asker.ask("Why?");
    (await model.asked()).write("Half of");
    await asker.reads("Half of");
    const reader = await openJobs(await openContext(), address(asker));
    await reader.reads("Half of");
    await working.stop("SIGKILL");
    await reader.stands("Failed");
    await reader.page.getByText("The server that did this went away before its end.").waitFor();
    await reader.reads("Half of");
    for (const other of others) {
      expect(await endsOf(other, asker)).toEqual([expect.objectContaining({ state: "failed", done: 7 })]);
    }
  });
});

async function startServers() {
  const redis = await startRedis({ durable: true });
  const model = await startModelServer();
  const start = (port = 0): Promise<Showcase> =>
    startShowcase({ env: { ...model.env, EITHERWAY_SHOWCASE_REDIS: redis.url, EITHERWAY_PORT: String(port) } });
  const [working, ...others] = await Promise.all([start(), start(), start()]);
  const { url } = await startProxy(
    "nginx",
    others.map(({ port }) => port),
    "/",
  );
  const address = ({ id }: { id(): string }): string => `${url}progress?job=${id()}`;
  return { working, others, address, model, start };
}

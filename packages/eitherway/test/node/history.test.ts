/** `readHistory` against a real server that asks who somebody is. */
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createClient, readHistory } from "../../src/client/index.node.ts";
import { channel, contract } from "../../src/contract/index.ts";
import { eitherway, type NodeEitherwayOptions } from "../../src/node/index.ts";
import { createFaultNetwork } from "../../src/testing/index.ts";

const app = contract({ room: channel("room/:id", { events: {} }) });
const SILENT = { info() {}, warn() {}, error() {} };

async function startServer(options: NodeEitherwayOptions) {
  const ew = eitherway({ ...options, logger: SILENT });
  onTestFinished(() => ew.close());
  return { ew, url: (await ew.listen({ port: 0 })).url };
}

describe("a page of history", () => {
  const auth: NodeEitherwayOptions["auth"] = ({ token }) => (token === "ana's" ? { user: "ana" } : null);

  test.each([
    ["a text", "ana's"],
    ["a function", async () => "ana's"],
  ])("is read with the token of the client, %s", async (_, token) => {
    const { ew, url } = await startServer({ auth });
    await ew.publish("room/42", "hi");
    const client = createClient({ url, token });
    expect((await readHistory(client, "room/42")).messages).toMatchObject([{ data: "hi" }]);
    await client.close();
  });

  test("is unauthorized without one", async () => {
    const { url } = await startServer({ auth });
    const client = createClient({ url });
    await expect(readHistory(client, "room/42")).rejects.toMatchObject({ code: "unauthorized" });
    await client.close();
  });

  test("says from where to where the log goes, also to the client of a contract", async () => {
    const { ew, url } = await startServer({ retention: { messages: 3 } });
    const ids: string[] = [];
    for (let n = 0; n < 5; n++) ids.push((await ew.publish("room/42", n)).id);
    const client = createClient(app, { url });
    expect(await readHistory(client, "room/42", { before: ids[4], limit: 1 })).toMatchObject({
      messages: [{ data: 3 }],
      hasOlder: true,
      oldest: ids[2],
      head: ids[4],
    });
    expect(await readHistory(client, "room/nobody")).toMatchObject({
      messages: [],
      oldest: undefined,
      head: undefined,
    });
    await client.close();
  });

  test("that nobody answers is unavailable after half a minute, and can be given up before", async () => {
    const { url } = await startServer({});
    const network = await createFaultNetwork({ target: Number(new URL(url).port) });
    onTestFinished(network.close);
    network.set({ kind: "blackhole" });
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const client = createClient({ url: `${network.url}/eitherway` });
    const page = readHistory(client, "room/42");
    const givenUp = new AbortController();
    const other = readHistory(client, "room/42", { signal: givenUp.signal });
    await vi.waitFor(() => expect(network.counters.refused).toBeGreaterThanOrEqual(2));
    givenUp.abort(new Error("not wanted"));
    await expect(other).rejects.toThrow("not wanted");
    vi.advanceTimersByTime(30_000);
    await expect(page).rejects.toMatchObject({ code: "unavailable", retry: true });
    await client.close();
  });

  test("whose token does not come is unavailable after half a minute, and can be given up before", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const client = createClient({ url: "http://127.0.0.1:1/eitherway", token: () => new Promise<string>(() => {}) });
    const seen: unknown[] = [];
    const read = (signal?: AbortSignal) => readHistory(client, "room/42", { signal }).catch((why) => seen.push(why));
    const givenUp = new AbortController();
    void read(givenUp.signal);
    void read();
    givenUp.abort("not wanted");
    await vi.waitFor(() => expect(seen).toEqual(["not wanted"]));
    vi.advanceTimersByTime(30_000);
    await vi.waitFor(() => expect(seen[1]).toMatchObject({ code: "unavailable", retry: true }));
    expect(String(seen[1])).toContain("no answer within 30000 ms");
    await client.close();
  });
});

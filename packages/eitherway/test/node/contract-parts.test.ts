/** Streams, presence and volatile events of a contract, over real connections. */
import { describe, expect, onTestFinished, test } from "vitest";
import { createClient, type TransportName } from "../../src/client/index.node.ts";
import { eitherway } from "../../src/node/index.ts";
import { app } from "../contract/app.ts";
import { witnessed, witnessMetrics } from "../support/witness.ts";

const TRANSPORTS: readonly TransportName[] = ["websocket", "sse", "poll"];

async function open() {
  const ew = eitherway(app, { logger: witnessed() });
  onTestFinished(() => ew.close());
  witnessMetrics(ew);
  const { url } = await ew.listen({ port: 0 });
  return { ew, url };
}

function connect(url: string, transport: TransportName) {
  const client = createClient(app, { url, transport });
  onTestFinished(() => client.close());
  return client;
}

describe.each(TRANSPORTS)("over %s", (transport) => {
  test("a stream of text and one of bytes reach readers who come before, in the middle and after, alike", async () => {
    const { ew, url } = await open();
    const read = (name: "answer" | "file") => {
      const stream = connect(url, transport).channel("job", { id: "7" }).stream(name);
      return name === "answer" ? stream.text() : stream.bytes();
    };
    const before = read("answer");
    const answer = ew.stream("job", { id: "7" }, "answer");
    await answer.append("once ");
    const middle = read("answer");
    await answer.append("upon a time");
    await answer.end();
    expect(await Promise.all([before, middle, read("answer")])).toEqual(Array(3).fill("once upon a time"));
    const file = ew.stream("job", { id: "7" }, "file");
    await file.append(new Uint8Array([0, 255]));
    await file.end();
    expect(await read("file")).toEqual(new Uint8Array([0, 255]));
  });

  test("members see each other's states as the contract describes them, and a wrong one is refused (P8, P12)", async () => {
    const { ew, url } = await open();
    const [ana, bo] = [connect(url, transport), connect(url, transport)];
    bo.on("error", () => {}); // a refused state that nobody waits for is one
    const seen = new Promise<string[]>((resolve) => {
      ana.channel("room", { id: "1" }).presence.on((members) => {
        if (members.length === 2) resolve(members.map(({ state }) => state.name));
      });
    });
    await ana.channel("room", { id: "1" }).presence.set({ name: "Ana" });
    const wrong = bo.channel("room", { id: "1" }).presence.set(JSON.parse('{"name":1}'));
    await expect(wrong).rejects.toMatchObject({ code: "invalid" });
    await bo.channel("room", { id: "1" }).presence.set({ name: "Bo" });
    expect(await seen).toEqual(["Ana", "Bo"]);
    const { members } = await ew.presence("room", { id: "1" });
    expect(members.map(({ state }) => state)).toEqual([{ name: "Ana" }, { name: "Bo" }]);
  });

  test("a volatile event goes to who listens now, and its publish waits for nothing", async () => {
    const { url } = await open();
    const [ana, bo] = [connect(url, transport), connect(url, transport)];
    const told = new Promise((resolve) => {
      ana.channel("room", { id: "1" }).on("typing", ({ who }, { volatile }) => resolve([who, volatile]));
    });
    await new Promise((resolve) => void ana.channel("room", { id: "1" }).on("live", resolve));
    await bo.channel("room", { id: "2" }).publish("message", { text: "hi" }); // there is a link
    expect(await bo.channel("room", { id: "1" }).publish("typing", { who: "bo" })).toEqual({ id: "" });
    expect(await told).toEqual(["bo", true]);
  });
});

test("a channel without presence has none, and an unknown stream is refused", async () => {
  const { ew, url } = await open();
  expect(connect(url, "sse").channel("job", { id: "7" }).presence).toBeUndefined();
  expect(() => ew.stream("job", { id: "7" }, "nothing" as "answer")).toThrow(/has no stream "nothing"/);
});

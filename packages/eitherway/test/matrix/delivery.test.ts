/** The delivery classes of a contract over each transport, seen on the wire and by the client. */
import { describe, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import type { MessageMeta } from "../../src/client/client-api.ts";
import { createClient } from "../../src/client/index.node.ts";
import { channel, contract, latest, volatile } from "../../src/contract/index.ts";
import { eitherway, type NodeEitherwayOptions } from "../../src/node/index.ts";
import { DIALECTS } from "../../src/testing/index.ts";
import { openRawLink } from "../../src/testing/raw-link.ts";
import { witnessed, witnessMetrics } from "../support/witness.ts";

const tick = z.object({ symbol: z.string(), price: z.number() });

const app = contract({
  prices: channel("prices/:book", {
    events: {
      tick: latest(tick, { key: ({ symbol }) => symbol }),
      trade: z.object({ n: z.number() }),
      typing: volatile(z.object({ who: z.string() })),
    },
  }),
});

const quiet = witnessed();

async function open(options: NodeEitherwayOptions = {}) {
  const ew = eitherway(app, { logger: quiet, ...options });
  onTestFinished(() => ew.close());
  witnessMetrics(ew);
  const { url } = await ew.listen({ port: 0 });
  const publishTick = (symbol: string, price: number) => ew.publish("prices", { book: "x" }, "tick", { symbol, price });
  const publishTrade = (n: number) => ew.publish("prices", { book: "x" }, "trade", { n });
  return { ew, url, publishTick, publishTrade };
}

describe.each(DIALECTS)("over $name", (dialect) => {
  test("a gap brings the newest value of each key, and the client hands them over behind it (P2)", async () => {
    const { url, publishTick, publishTrade } = await open({ retention: { messages: 2 } });
    const { id } = await publishTrade(0);
    for (const [symbol, price] of [
      ["a", 1],
      ["b", 1],
      ["a", 2],
    ] as const)
      await publishTick(symbol, price);
    for (const n of [1, 2, 3]) await publishTrade(n);
    const link = openRawLink(url, dialect, { channels: { "prices/x": id } });
    onTestFinished(() => link.close());
    const gap = await link.next("gap");
    expect(gap.latest?.map(({ data, event, skipped }) => [event, data, skipped])).toEqual([
      ["tick", { symbol: "b", price: 1 }, 0],
      ["tick", { symbol: "a", price: 2 }, 0],
    ]);

    const { transport, framing } = dialect;
    const client = createClient({ url, transport, framing });
    onTestFinished(() => client.close());
    const seen: unknown[] = [];
    const channelOf = client.channel("prices/x", { from: id });
    channelOf.on("gap", ({ why }) => void seen.push(why));
    channelOf.on(
      "message",
      (data, { replayed, gap: before }) => void seen.push([data, replayed, before !== undefined]),
    );
    await new Promise((resolve) => channelOf.on("live", resolve));
    expect(seen).toEqual([
      "trimmed",
      [{ symbol: "b", price: 1 }, true, true],
      [{ symbol: "a", price: 2 }, true, false],
    ]);
  });

  test("a volatile event is announced by a client to those who are live; any other event is refused (P1, P12)", async () => {
    const { ew, url } = await open();
    const { transport, framing } = dialect;
    const clients = ["one", "two"].map(() => createClient({ url, transport, framing }));
    for (const client of clients) onTestFinished(() => client.close());
    const [one, two] = clients.map((client) => client.channel("prices/x"));
    if (!one || !two) throw new Error("two clients were made");
    const heard: [unknown, MessageMeta][] = [];
    two.on("message", (data, meta) => void heard.push([data, meta]));
    one.on("message", () => {});
    await Promise.all([one, two].map((each) => new Promise((resolve) => each.on("live", resolve))));
    const errors: unknown[] = [];
    clients[0]?.on("error", (error) => errors.push((error as { code?: string }).code));
    // A poll is between two requests at times, and misses what is announced then.
    const until = async (done: () => boolean, act: () => void): Promise<void> => {
      while (!done()) {
        act();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    await until(
      () => heard.length > 0,
      () => one.announce({ who: "ana" }, { event: "typing" }),
    );
    const [[data, meta] = []] = heard;
    expect([data, meta?.event, meta?.id, meta?.volatile]).toEqual([{ who: "ana" }, "typing", "", true]);
    one.announce({ n: 1 }, { event: "trade" });
    await until(
      () => errors.length > 0,
      () => {},
    );
    expect(errors).toEqual(["bad-request"]);
    expect(ew.stats().counters["messages.published"]).toBeUndefined();
    expect(await one.publish({ who: "bo" }, { event: "typing" })).toEqual({ id: "" });
  });
});

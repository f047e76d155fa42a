/** The rate of commands as a client of ours meets it: it is slower, and that is all. */
import { describe, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import type { TransportName } from "../../src/client/index.node.ts";
import { channel, contract } from "../../src/contract/index.ts";
import { assertExactlyOnceInOrder, createHarness } from "../../src/testing/index.ts";

const TRANSPORTS: readonly TransportName[] = ["websocket", "sse", "poll"];
const app = contract({
  room: channel("room/:id", { events: { said: z.number() } }),
});
const MESSAGES = 60;
const RATE = { commandsPerSecond: 5, commandBurst: 3 };

describe.each(TRANSPORTS)("a client that is too fast over %s", (transport) => {
  test("has all it sends kept once and in order, through cuts as well, only later (P1, P4, P5)", async () => {
    const harness = createHarness(app, { seed: 3, server: { limits: RATE } });
    onTestFinished(() => harness.close());
    const [fast, reader] = [harness.client({ transport }), harness.client({ transport })];
    const rooms = ["a", "b"].map((id) => fast.channel("room", { id }));
    const heard = ["a", "b"].map((id) => harness.collect(reader.channel("room", { id }), "said"));
    await harness.settled();
    const began = harness.clock.now();
    const stop = harness.network(fast).cutAtRandom("5s");
    const numbers = Array.from({ length: MESSAGES / 2 }, (_, i) => i);
    const published: Promise<unknown>[] = [];
    for (const i of numbers) {
      for (const room of rooms) published.push(room.publish("said", i));
      await harness.advance("100ms"); // four times as fast as the rate: what comes together is one batch, which may be in debt
    }
    await harness.until(Promise.all(published), "10m");
    stop();
    await harness.advance("10s");
    for (const one of heard) assertExactlyOnceInOrder(one, numbers);
    // Cuts give a socket a new bucket; requests have the one of their client.
    expect(harness.clock.now() - began).toBeGreaterThan(transport === "websocket" ? 5_000 : 11_000);
    const { counters } = harness.server.stats();
    const met = transport === "websocket" ? "commands.delayed" : "commands.refused.rate-limited";
    expect(counters[met]).toBeGreaterThan(0);
    expect(counters["links.closed.rate-limited"]).toBeUndefined();
  });
});

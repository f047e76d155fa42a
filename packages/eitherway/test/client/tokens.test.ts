/** Tokens that end while a client works: it brings a new one in time, and nobody sees anything of it. */
import { describe, expect, test } from "vitest";
import { assertExactlyOnceInOrder, createHarness, type HarnessClientOptions } from "../../src/testing/index.ts";
import { createStage } from "./support.ts";

const LIFE_MS = 60_000;
const TRANSPORTS = ["websocket", "sse", "poll"] as const;

/** A token is its user and the time of its making. */
function createTokens(clock: () => number) {
  const seen = new Set<string>();
  let made = 0;
  return {
    seen,
    make: () => `ana ${clock()} ${++made}`,
    auth({ token = "" }: { readonly token: string | undefined }) {
      seen.add(token);
      const [user, at] = token.split(" ");
      return { ...(user && { user }), expiresAt: Number(at) + LIFE_MS };
    },
  };
}

describe.each(TRANSPORTS)("over %s", (transport) => {
  test("a client that is given tokens of a minute works for ten, and misses, doubles and reorders nothing (P1, P2, P5, P9)", async () => {
    let wall = (): number => 0;
    const tokens = createTokens(() => wall());
    await using harness = createHarness({ seed: 3, server: { auth: tokens.auth } });
    wall = () => harness.clock.wall();
    const open = (options: HarnessClientOptions) => harness.client({ ...options, token: tokens.make });
    const reader = open({ transport });
    const writer = open({ transport });
    const heard = harness.collect(reader.channel("room"));
    await harness.settled();
    const answers: Promise<unknown>[] = [];
    for (let n = 0; n < 60; n++) {
      answers.push(writer.channel("room").publish(n));
      await harness.advance("10s");
    }
    await harness.until(Promise.all(answers));
    assertExactlyOnceInOrder(heard, [...Array(60).keys()]);
    expect(heard.metas.every(({ from }) => from === "ana")).toBe(true);
    expect(tokens.seen.size).toBeGreaterThanOrEqual(20);
    for (const { status } of [reader, writer]) expect([status.state, status.gaps]).toEqual(["open", 0]);
  });

  test("a client that is refused stops, says why, and asks no more", async () => {
    await using harness = createHarness({ server: { auth: () => null } });
    const client = harness.client({ transport, token: "stranger" });
    client.on("error", () => {});
    harness.collect(client.channel("room"));
    await harness.advance("1s");
    expect(client.status).toMatchObject({ state: "stopped", lastError: { code: "unauthorized" } });
    const { counters } = harness.server.stats();
    await harness.advance("1h");
    expect(harness.server.stats().counters).toEqual(counters);
  });
});

describe("a link whose token is soon over", () => {
  async function opened(token: string | (() => string), transport: "websocket" | "sse") {
    const stage = createStage({ transport, token });
    stage.client.channel("room").on("message", () => {});
    await stage.settle();
    stage.link.say({ t: "refresh", left: 30_000 });
    await stage.settle();
    return stage;
  }

  test("gets a new one, or gives way to a link with one where it can take none", async () => {
    for (const transport of ["websocket", "sse"] as const) {
      // The second one shows that there is one before the link is given up.
      let made = 0;
      const stage = await opened(() => `t${++made}`, transport);
      expect(stage.links.map(({ token }) => token)).toEqual(transport === "sse" ? ["t1", "t3"] : ["t1"]);
      expect(stage.link.refreshed).toEqual(transport === "sse" ? [] : ["t2"]);
    }
  });

  test("goes on to its end where there is no other, or none can be had now", async () => {
    let calls = 0;
    const failing = (): string => {
      if (++calls > 1) throw new Error("the login server is down");
      return "t1";
    };
    for (const token of ["always", failing]) {
      const stage = await opened(token, "websocket");
      expect([stage.links.length, stage.link.refreshed, stage.client.status.state]).toEqual([1, [], "open"]);
    }
  });
});

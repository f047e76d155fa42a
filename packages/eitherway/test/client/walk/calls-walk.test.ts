/**
 * Calls of whole clients against whole nodes on one store, over a network in memory, with a false clock: cuts in the middle, dead
 * connections, other transports, nodes that change and nodes that are killed. In the end, of each call:
 *
 *  1. It was started once; again only where it may be repeated and the node of each earlier start was killed before it ended.
 *  2. It has one outcome, which is what was stored of it, and who asks again with its key gets the same.
 *  3. Its outcome is unknown only where its node was killed before it ended, where it was given up after it was sent, or where no answer
 *     came for as long as keys are remembered.
 *  4. One that was given up before it was sent is never started.
 *  5. Those of a client and channel were started in the order made.
 *
 * A failure prints its seed; `EITHERWAY_WALK_SEED` repeats it.
 */
import { expect, test } from "vitest";
import { createSeamOn } from "../../../src/client/client.ts";
import { createSeededRandom } from "../../../src/testing/index.ts";
import { createMemoryNetwork, NETWORK_URL } from "../../../src/testing/memory-network/memory-network.ts";
import { transportsOver } from "../../../src/testing/memory-network/transports.ts";
import { PATHS } from "../../../src/testing/memory-network/ways.ts";
import { createSteppedTime } from "../../../src/testing/stepped-time.ts";
import { createTally } from "../../support/tally.ts";
import { withCalls } from "../with-calls.ts";
import type { NetworkAction } from "./actions.ts";
import { CALL_TIMEOUT_MS, type CallInput, type CallNodes, createCallNodes, KEY_WINDOW_MS } from "./call-nodes.ts";
import { changeNetwork } from "./weather.ts";

const WALKS = 40;
const CALLS_A_WALK = 25;
const CHANNELS = ["a", "b/1"];
const LIMIT_MS = 300_000;

/** Everything that waits for a lease, a timeout or a pause has an end by then. */
const SETTLED_WITHIN_MS = 300_000;
/** What a client does not send again for fear that it comes too late. */
const MARGIN_MS = 10_000;

/** Walks that meet nothing would keep every invariant. Well below what they meet. */
const DEMANDED: Readonly<Record<string, number>> = {
  answered: 500,
  "call-failed": 40,
  "call-timeout": 20,
  "outcome-unknown": 20,
  AbortError: 1,
  "started again": 5,
  "asked again": 200,
  killed: 20,
  "open over websocket": 30,
  "open over sse": 20,
  "open over poll": 10,
};

interface Made {
  readonly n: number;
  readonly client: string;
  readonly channel: string;
  readonly name: "once" | "again";
  readonly key: string;
  readonly input: CallInput;
  readonly madeAt: number;
  readonly controller: AbortController;
  /** Another client made it as well. */
  twin: boolean;
  readonly outcomes: { readonly what: string; readonly data: unknown; readonly at: number }[];
}

test(
  "1,000 calls over cuts, other transports, other nodes and killed ones are started once, answered alike, and unknown only where they must be (P3, P5)",
  async () => {
    const first = Number(process.env.EITHERWAY_WALK_SEED || 1);
    const tally = createTally<"seen">();
    for (let seed = first; seed < first + WALKS; seed++) {
      try {
        await walk(seed, tally);
      } catch (error) {
        throw new Error(`walk with EITHERWAY_WALK_SEED=${seed}`, { cause: error });
      }
    }
    console.log(tally.table(["seen"]));
    for (const [what, least] of Object.entries(DEMANDED)) {
      expect.soft(tally.of("seen", what), what).toBeGreaterThanOrEqual(least);
    }
  },
  LIMIT_MS,
);

async function walk(seed: number, tally: ReturnType<typeof createTally<"seen">>): Promise<void> {
  const random = createSeededRandom(seed);
  const failures: unknown[] = [];
  const failed = (error: unknown): void => void failures.push(error);
  const time = createSteppedTime({ pump: () => network.pump(), rested() {} });
  const { stirring: clock } = time;
  const nodes = createCallNodes(clock, random, failed);
  const network = createMemoryNetwork({ clock, handler: nodes.node.handler, failed });
  const callers = new Map(["c1", "c2"].map((id) => [id, createCaller(id)]));
  const clients = [...callers.values()];
  const made: Made[] = [];

  function createCaller(id: string) {
    const platform = {
      transports: transportsOver(network),
      ...{ clock, random, baseUrl: undefined },
      wakeups: () => () => {},
      createNetworkMemory: () => ({ recall: () => undefined, remember() {} }),
      createClientId: () => id,
    };
    const caller = withCalls(createSeamOn(platform, { url: NETWORK_URL, fetch: network.fetch }));
    let opened = 0;
    caller.client.on("status", ({ links, transport }) => {
      if (links > opened) tally.count("seen", `open over ${transport}`);
      opened = links;
    });
    return caller;
  }

  const callerOf = (id: string) => callers.get(id) as (typeof clients)[number];
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;

  // --- what happens ---

  function make(): void {
    const n = made.length;
    const late = random() < 0.1;
    const one: Made = {
      n,
      client: pick(["c1", "c2"]),
      channel: pick(CHANNELS),
      name: random() < 0.3 ? "again" : "once",
      key: `order-${n}`,
      input: {
        n,
        ms: late ? CALL_TIMEOUT_MS * 1.5 : pick([0, 20, 300, 3_000]),
        end: random() < 0.15 ? "fails" : "answers",
        slowly: random() < 0.2,
      },
      madeAt: clock.now(),
      controller: new AbortController(),
      twin: false,
      outcomes: [],
    };
    made.push(one);
    ask(one, one.client);
  }

  function ask(one: Made, id: string): void {
    const { channel, name, input, key, controller } = one;
    const { client, call } = callerOf(id);
    const unsubscribed = client.status.state === "idle";
    if (unsubscribed) client.channel(channel).on("message", () => {});
    const over = (what: string, data: unknown): void => {
      one.outcomes.push({ what, data, at: clock.now() });
      tally.count("seen", what);
    };
    call(channel, name, input, { key, signal: controller.signal }).then(
      (answer) => over("answered", answer),
      (error: { code?: unknown; name?: string; details?: unknown }) =>
        over(typeof error.code === "string" ? error.code : String(error.name), error.details),
    );
  }

  /** The same call by the other client, as by a second tab that has the same order. */
  function makeTwin(): void {
    const one = made.findLast(({ twin, controller }) => !twin && !controller.signal.aborted);
    if (!one) return;
    one.twin = true;
    ask(one, one.client === "c1" ? "c2" : "c1");
  }

  function kill(): void {
    network.cut(undefined, false);
    nodes.kill();
    network.moveTo(nodes.node.handler);
    tally.count("seen", "killed");
  }

  function weather(): void {
    const path = pick([...PATHS, "in use"] as const);
    const action: NetworkAction = pick<NetworkAction>([
      { do: "cut", path },
      { do: "cut inside", path },
      { do: "cut inside", path: "commands" },
      { do: "cut all" },
      { do: "half-open", path, directions: pick(["both", "up", "down"]) },
      { do: "flaky", path: "commands" },
      { do: "refuse", path },
      { do: "swallow", path },
      { do: "short lives", path, ms: pick([1, 50, 3_000]) },
      { do: "calm" },
      { do: "calm" },
    ]);
    changeNetwork(network, action, pick(PATHS));
  }

  const actions: readonly [weight: number, act: () => unknown][] = [
    [4, weather],
    [1, kill],
    [1, makeTwin],
    [1, () => made.findLast(({ outcomes }) => outcomes.length === 0)?.controller.abort()],
    [2, () => pick(clients).client.use(pick(["auto", "websocket", "sse", "poll"] as const))],
    [
      1,
      () => {
        nodes.turn();
        network.moveTo(nodes.node.handler);
      },
    ],
    [1, () => pick(clients).client.reconnect()],
    [6, () => time.pass(pick([1, 20, 60, 200, 1_000, 2_500]))],
    [1, () => time.pass(pick([6_000, 15_000]))],
  ];
  const weights = actions.flatMap(([weight, act]) => Array.from({ length: weight }, () => act));

  while (made.length < CALLS_A_WALK) {
    for (let more = Math.floor(random() * 4); more > 0 && made.length < CALLS_A_WALK; more--) make();
    await pick(weights)();
    await time.rest();
  }

  // --- the end ---

  changeNetwork(network, { do: "calm" }, "websocket");
  network.bury();
  await time.passUntil(SETTLED_WITHIN_MS, () => made.every(({ outcomes, twin }) => outcomes.length === (twin ? 2 : 1)));
  checkOrder(made, nodes);
  for (const one of made) await check(one);
  for (const { client } of clients) await client.close();
  network.bury();
  await time.pass(2 * CALL_TIMEOUT_MS); // what was given up runs to its end
  const ended = nodes.end();
  await time.pass(KEY_WINDOW_MS);
  await ended;
  if (failures.length > 0) throw failures[0];

  async function check(one: Made): Promise<void> {
    const { n, name, twin, key, madeAt, controller, outcomes } = one;
    const starts = nodes.starts.filter((started) => started === n);
    const claims = nodes.claims.filter((claim) => claim.key === `foreign ${key}`);
    const stored = nodes.settled.get(`foreign ${key}`);
    const settlement = stored?.settlement;
    const about = JSON.stringify({
      n,
      name,
      outcomes,
      settlement,
      starts,
      killed: claims.map(({ node }) => node.dead),
    });
    expect(outcomes.length, about).toBe(twin ? 2 : 1);
    // 1
    const lost = claims.filter(({ node }) => node.dead).length;
    expect(starts.length, about).toBeLessThanOrEqual(claims.length);
    expect(claims.length, about).toBeLessThanOrEqual(name === "once" ? 1 : 1 + lost);
    if (claims.length > 1) tally.count("seen", "started again");
    for (const { what, data, at } of outcomes) {
      const tooOld = at - madeAt > KEY_WINDOW_MS - MARGIN_MS;
      switch (what) {
        case "answered": // 2
          expect(settlement, about).toEqual({ ok: true, answer: { kind: "json", data: JSON.stringify(data) } });
          break;
        case "call-failed":
        case "call-timeout": {
          const details = data === undefined ? {} : { details: JSON.stringify(data) };
          expect(settlement, about).toMatchObject({ ok: false, code: what, ...details });
          break;
        }
        case "outcome-unknown": // 3
          expect(lost > 0 || controller.signal.aborted || tooOld, about).toBe(true);
          break;
        case "AbortError": // 4
          if (!twin) expect(starts.length, about).toBe(0);
          break;
        default:
          throw new Error(`an outcome that nobody expects: ${about}`);
      }
    }
    if (stored && clock.now() - stored.at < KEY_WINDOW_MS) await askAgain(one, about);
  }

  /** Of another node, and without a client. */
  async function askAgain({ key, channel, name, input }: Made, about: string): Promise<void> {
    nodes.turn();
    const payload = { kind: "json", data: JSON.stringify(input) } as const;
    const [again] = await nodes.node.hub.run([{ t: "call", key, channel, name, payload }], { client: "c3" });
    const { settlement } = nodes.settled.get(`foreign ${key}`) ?? {};
    tally.count("seen", "asked again");
    if (!again || "later" in again || !settlement) throw new Error(`not answered at once: ${about}`);
    if (settlement.ok) expect(again, about).toMatchObject({ ok: true, answer: settlement.answer });
    else expect(again, about).toMatchObject({ ok: false, error: { code: settlement.code } });
  }
}

/** 5. A twin may have been started for the other client. */
function checkOrder(made: readonly Made[], nodes: CallNodes): void {
  for (const client of ["c1", "c2"]) {
    for (const channel of CHANNELS) {
      const own = made.filter((one) => one.client === client && one.channel === channel && !one.twin);
      const order = nodes.claims.flatMap(({ key }) => own.filter((one) => key === `foreign ${one.key}`));
      const firsts = [...new Set(order.map(({ n }) => n))];
      expect(firsts).toEqual([...firsts].sort((a, b) => a - b));
    }
  }
}

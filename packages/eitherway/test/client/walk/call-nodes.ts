/** Nodes that answer the calls of a walk, on one store. A node may be killed: then nothing of it reaches the store any more. */
import {
  type Broker,
  type CallHandler,
  type Clock,
  createHub,
  createMemoryBroker,
  DEFAULT_LIMITS,
  type Hub,
  type Random,
  type Settlement,
} from "../../../src/core/index.ts";
import { EitherwayError, jsonPayload, type Payload } from "../../../src/protocol/index.ts";
import { createAccess } from "../../../src/server/access.ts";
import { createRouter } from "../../../src/server/router.ts";
import type { RequestHandler } from "../../../src/transports/index.ts";
import { witnessed } from "../../support/witness.ts";

/** What a call is asked to come to. */
export interface CallInput {
  readonly n: number;
  readonly ms: number;
  readonly end: "answers" | "fails";
  /** The validator takes a while. */
  readonly slowly: boolean;
}

/** A node got the right to start a call. Its handler runs then, unless the node is killed before. */
export interface Claimed {
  readonly key: string;
  readonly node: Node;
}

export interface Node {
  readonly hub: Hub;
  readonly handler: RequestHandler;
  readonly dead: boolean;
}

export interface CallNodes {
  readonly node: Node;
  /** In order, by the key of the call. */
  readonly claims: readonly Claimed[];
  /** Calls whose handlers were run, in order. */
  readonly starts: readonly number[];
  /** What was stored first, and when, by the key of the call. */
  readonly settled: ReadonlyMap<string, { readonly settlement: Settlement; readonly at: number }>;
  /** Another node takes new connections. */
  turn(): void;
  kill(): void;
  /** Ends all. */
  end(): Promise<void>;
}

export const CALL_TIMEOUT_MS = 8_000;
export const KEY_WINDOW_MS = 60_000;
/** So few that some are refused. */
const LIMITS = { calls: 8, inFlight: 6 };
const VALIDATOR_MS = 30;
const GRACE_MS = 0;

export function createCallNodes(clock: Clock, random: Random, failed: (error: unknown) => void): CallNodes {
  const limits = { ...DEFAULT_LIMITS, ...LIMITS };
  const store = createMemoryBroker({ clock, random, limits, keyWindowMs: KEY_WINDOW_MS });
  const claims: Claimed[] = [];
  const starts: number[] = [];
  const settled = new Map<string, { settlement: Settlement; at: number }>();
  const logged = (event: string, fields?: unknown): void => failed(new Error(`${event} ${JSON.stringify(fields)}`));
  const logger = witnessed({ error: logged });
  const all: Node[] = [];
  let current = create();

  function create(): Node {
    const life = { dead: false };
    const broker: Broker = {
      ...store,
      async claim(scope, key, request) {
        if (life.dead) return new Promise(() => {});
        const claim = await store.claim(scope, key, request);
        if (claim.state === "new") claims.push({ key, node });
        return claim;
      },
      async settle(scope, key, settlement) {
        if (life.dead) return new Promise(() => {});
        if (!settled.has(key)) settled.set(key, { settlement, at: clock.now() });
        return store.settle(scope, key, settlement);
      },
      close: async () => {},
    };
    const calls = { find: (_channel: string, name: string) => handlerOf(node, name === "again") };
    const hub = createHub({ broker, clock, random, logger, limits, calls, pingMs: 4_000 });
    const access = createAccess({ allowedOrigins: [], insecure: true });
    const handler = createRouter({ hub, access, isClosing: () => false });
    const node: Node = {
      hub,
      handler,
      get dead() {
        return life.dead;
      },
    };
    kills.set(node, () => {
      life.dead = true;
    });
    all.push(node);
    return node;
  }

  function handlerOf(node: Node, repeatable: boolean): CallHandler {
    const wait = (ms: number): Promise<void> =>
      new Promise((resolve) => {
        clock.after(ms, resolve);
      });
    async function run({ n, ms, end }: CallInput): Promise<Payload> {
      if (node.dead) return new Promise(() => {});
      const count = starts.push(n);
      await wait(ms);
      const answer = `${n} at start ${count}`; // no two starts give the same
      if (end === "answers") return jsonPayload(answer);
      throw new EitherwayError("call-failed", "As planned.", { details: { name: "planned", data: answer } });
    }
    return {
      repeatable,
      timeoutMs: CALL_TIMEOUT_MS,
      prepare(payload) {
        const input = JSON.parse(String(payload.data)) as CallInput;
        const start = () => run(input);
        return input.slowly ? wait(VALIDATOR_MS).then(() => start) : start;
      },
    };
  }

  return {
    get node() {
      return current;
    },
    claims,
    starts,
    settled,
    turn() {
      current = create();
    },
    kill() {
      for (const node of all) kills.get(node)?.();
      current = create();
    },
    async end() {
      await Promise.all(all.map(({ hub }) => hub.close("drain", "", GRACE_MS)));
      await store.close();
    },
  };
}

const kills = new WeakMap<Node, () => void>();

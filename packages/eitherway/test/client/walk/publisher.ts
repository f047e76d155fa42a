/** An application that publishes, and holds every outcome against what was stored (P4, P5). */
import type { Client } from "../../../src/client/client-api.ts";
import { type Payload, payloadBytes } from "../../../src/protocol/index.ts";
import { contentOf, draftOf } from "../../model/content.ts";
import type { Books, Expected } from "./books.ts";

export interface Publisher {
  publish(channel: string, how: { readonly size: number; readonly key: "counted" | "own" }): void;
  /** Once more with the key and the body of the last one that had a key of its own. */
  repeat(): void;
  /** Gives up the newest that has no outcome. */
  abort(): void;
  /** What the books are to know of a content. */
  expected(content: string): Expected | undefined;
  readonly unsettled: number;
  /** From now on publishes may end as `closed`. */
  closing(): void;
  assertSettled(): void;
}

export interface PublisherOptions {
  readonly client: Client;
  /** Milliseconds that passed as the more careful of two clocks counts them: one stands still in sleep, the other may be set ahead. */
  carefulNow(): number;
  readonly books: () => Books;
  readonly keyWindowMs: number;
  /** What the server takes as one message. */
  readonly messageBytes: number;
  /** Told the outcome: `stored`, or the code of the error. */
  settled(outcome: string): void;
  wrong(sentence: string): void;
}

interface Call {
  readonly n: number;
  readonly channel: string;
  readonly content: string;
  readonly key: string | undefined;
  readonly body: Body;
  readonly calledAt: number;
  readonly controller: AbortController;
  /** Another one has its key. */
  twin: boolean;
  outcome: string | undefined;
}

interface Body {
  readonly event: string;
  readonly payload: Payload;
}

/** What a client does not send again for fear that it comes too late. */
const MARGIN_MS = 10_000;

export function createPublisher(options: PublisherOptions): Publisher {
  const { client, carefulNow, keyWindowMs, wrong } = options;
  const calls: Call[] = [];
  const byContent = new Map<string, Call>();
  let closing = false;
  let lastKeyed: Call | undefined;

  function send(channel: string, body: Body, key: string | undefined, twin: boolean): Call {
    const controller = new AbortController();
    const call: Call = {
      n: calls.length + 1,
      channel,
      body,
      content: contentOf(body),
      key,
      calledAt: carefulNow(),
      controller,
      twin,
      outcome: undefined,
    };
    calls.push(call);
    if (!twin) byContent.set(call.content, call);
    const { event, payload } = body;
    client
      .channel(channel)
      .publish(dataOf(payload), {
        event,
        kind: payload.kind,
        signal: controller.signal,
        ...(key !== undefined && { key }),
      })
      .then(
        ({ id }) => stored(call, id),
        (error: unknown) => failed(call, error),
      );
    return call;
  }

  function settle(call: Call, outcome: string): void {
    if (call.outcome !== undefined) wrong(`publish ${call.n} is ${call.outcome}, and then ${outcome} (5)`);
    call.outcome = outcome;
    options.settled(outcome);
  }

  function stored(call: Call, id: string): void {
    settle(call, "stored");
    const entry = options.books().entry(id);
    if (entry?.channel !== call.channel || entry.content !== call.content) {
      wrong(`publish ${call.n} got ${id}, which is another message (5)`);
    }
  }

  function failed(call: Call, error: unknown): void {
    const { code, name } = error as { code?: string; name?: string };
    const outcome = typeof code === "string" ? code : String(name);
    settle(call, outcome);
    const age = carefulNow() - call.calledAt;
    const why: Record<string, boolean> = {
      "outcome-unknown": closing || call.controller.signal.aborted || age > keyWindowMs - MARGIN_MS,
      AbortError: call.controller.signal.aborted,
      closed: closing,
      unavailable: true, // the outbox was full
      "too-large": payloadBytes(call.body.payload) > options.messageBytes,
    };
    if (!why[outcome]) wrong(`publish ${call.n} failed as ${outcome} after ${age} ms: ${String(error)} (5)`);
    if (outcome !== "outcome-unknown" && !call.twin && options.books().copies(call.content) > 0) {
      wrong(`publish ${call.n} failed as ${outcome}, and is stored (5)`);
    }
  }

  return {
    publish(channel, { size, key }) {
      const own = key === "own" ? `order-${calls.length}` : undefined;
      const call = send(channel, draftOf(calls.length + 1, size), own, false);
      if (own !== undefined) lastKeyed = call;
    },
    repeat() {
      if (!lastKeyed) return;
      const { channel, body, key } = lastKeyed;
      lastKeyed.twin = true;
      send(channel, body, key, true);
    },
    abort() {
      calls.findLast(({ outcome }) => outcome === undefined)?.controller.abort();
    },
    expected(content) {
      const call = byContent.get(content);
      if (!call) return undefined;
      const { n, key, twin, outcome } = call;
      return { n, twin, mayComeLate: key !== undefined && outcome === "outcome-unknown" };
    },
    get unsettled() {
      return calls.filter(({ outcome }) => outcome === undefined).length;
    },
    closing() {
      closing = true;
    },
    assertSettled() {
      for (const { n, outcome } of calls) if (outcome === undefined) wrong(`publish ${n} never had an outcome (5)`);
    },
  };
}

function dataOf(payload: Payload): unknown {
  return payload.kind === "json" ? JSON.parse(payload.data) : payload.data;
}

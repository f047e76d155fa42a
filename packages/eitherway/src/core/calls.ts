/**
 * Runs calls: each key is started once, in the order sent, and what came of it is kept for whoever asks again (P5).
 *
 * The right to start is a claim of the broker, so any node can be asked. Nothing waits for a handler: what comes behind a call goes
 * on once it was started.
 */
import { type CallFrame, EitherwayError, payloadBytes, toEitherwayError } from "../protocol/index.ts";
import type { Broker, ClaimRequest, Settlement } from "./broker.ts";
import {
  callFailed,
  callTimeout,
  inputTooLarge,
  keyReused,
  outcomeUnknown,
  sizeOf,
  tooLarge,
  tooManyCalls,
  unknownCall,
} from "./call-errors.ts";
import type { CallHandler, CallHandlers, StartCall } from "./call-handlers.ts";
import { causeOf } from "./cause-of.ts";
import { commandKeyOf } from "./command-key.ts";
import { fingerprint } from "./fingerprint.ts";
import type { CommandAnswer, CommandOutcome, Identity } from "./hub-api.ts";
import type { Limits } from "./limits.ts";
import type { Clock, Logger, Metrics } from "./ports.ts";
import type { TimerWheel } from "./timer-wheel.ts";

export interface CallsOptions {
  readonly handlers: CallHandlers | undefined;
  readonly broker: Pick<Broker, "claim" | "settle">;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly limits: Pick<Limits, "calls" | "messageBytes">;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Nothing runs any more. */
  idle(): void;
}

export interface Calls {
  /** Resolves once the call was started, now or before. Rejects where it was not: then its key is as good as new. */
  start(frame: CallFrame, who: Identity): Promise<CommandOutcome>;
  /** Tells every handler to stop. */
  abort(): void;
  /** Handlers that run, and waits for those of other nodes. */
  readonly running: number;
}

/** A lease outlives its call by this much, so that a late timer does not make a running call look lost. */
const LEASE_MARGIN_MS = 10_000;

/** How soon a call that runs on another node is looked at again: at first, and at last. */
const FIRST_LOOK_MS = 50;
const LAST_LOOK_MS = 2_000;

/** A call as the broker knows it. */
interface Asked {
  readonly frame: CallFrame;
  readonly who: Identity;
  readonly handler: CallHandler;
  readonly scope: string;
  readonly key: string;
  readonly request: ClaimRequest;
}

/** Wrapped, so that waiting for the start is not waiting for the end. */
interface Started {
  readonly settlement: Promise<Settlement>;
}

export function createCalls(options: CallsOptions): Calls {
  const { handlers, broker, clock, wheel, limits, logger, metrics, idle } = options;
  /** What is waited for in this process, by scope and key. */
  const awaited = new Map<string, Promise<Settlement>>();
  const aborts = new Set<AbortController>();
  let running = 0;
  let stopped = false;

  async function start(frame: CallFrame, who: Identity): Promise<CommandOutcome> {
    const asked = ask(frame, who);
    if (running >= limits.calls && !awaited.has(nameOf(asked))) throw tooManyCalls(frame, limits.calls);
    enter(); // before anything is waited for: others ask meanwhile
    try {
      return await claim(asked);
    } finally {
      leave();
    }
  }

  function ask(frame: CallFrame, who: Identity): Asked {
    const { channel, name, payload } = frame;
    const handler = handlers?.find(channel, name);
    if (!handler) throw unknownCall(frame);
    if (payloadBytes(payload) > limits.messageBytes) throw inputTooLarge(frame, limits.messageBytes);
    const { timeoutMs, repeatable } = handler;
    const { kind, user } = commandKeyOf(frame.key, who);
    return {
      ...{ frame, who, handler },
      scope: `${channel}\n${user}`, // no channel has a line end
      key: `${kind} ${frame.key}`,
      request: { print: fingerprint(name, payload), leaseMs: timeoutMs + LEASE_MARGIN_MS, repeatable },
    };
  }

  async function claim(asked: Asked): Promise<CommandOutcome> {
    const { frame, scope, key, request } = asked;
    const claimed = await broker.claim(scope, key, request);
    if (claimed.state !== "new") metrics.count("calls.repeated");
    switch (claimed.state) {
      case "new":
        return later(asked, (await begin(asked)).settlement);
      case "running":
        return later(asked, awaited.get(nameOf(asked)) ?? follow(asked));
      case "settled":
        return answerOf(frame, claimed.settlement);
      case "lapsed":
        throw outcomeUnknown(frame);
      case "reused":
        throw keyReused(frame);
    }
  }

  function later(asked: Asked, settlement: Promise<Settlement>): CommandOutcome {
    const { frame } = asked;
    const name = nameOf(asked);
    awaited.set(name, settlement);
    const over = (): void => {
      if (awaited.get(name) === settlement) awaited.delete(name);
    };
    settlement.then(over, over);
    const answer = settlement.then(
      (settled) => answerOf(frame, settled),
      (thrown: unknown): CommandAnswer => ({ key: frame.key, ok: false, error: toEitherwayError(thrown) }),
    );
    return { key: frame.key, later: answer };
  }

  // --- what runs here ---

  /** Resolves once the handler was started, or its input refused. */
  async function begin(asked: Asked): Promise<Started> {
    const { frame, handler } = asked;
    metrics.count("calls.started");
    let run: StartCall;
    try {
      run = await handler.prepare(frame.payload);
    } catch (thrown) {
      return { settlement: settle(asked, failureOf(frame, thrown, "invalid")) };
    }
    const ended = execute(asked, run);
    return { settlement: ended.then((settlement) => settle(asked, settlement)) };
  }

  /** What the handler came to, or that its time was over. A handler that goes on nevertheless keeps its place in `limits.calls`. */
  function execute({ frame, who, handler }: Asked, run: StartCall): Promise<Settlement> {
    const abort = new AbortController();
    aborts.add(abort);
    enter();
    return new Promise((resolve) => {
      const deadline = {
        fire() {
          const error = callTimeout(frame, handler.timeoutMs);
          resolve(settlementOf(error));
          abort.abort(error);
        },
      };
      wheel.schedule(deadline, handler.timeoutMs);
      const { signal } = abort;
      void invoke(frame, signal, async () => run({ channel: frame.channel, who, signal })).then((settlement) => {
        wheel.cancel(deadline);
        aborts.delete(abort);
        resolve(settlement);
        leave();
      });
    });
  }

  /** Never rejects. */
  async function invoke(frame: CallFrame, signal: AbortSignal, run: () => ReturnType<StartCall>): Promise<Settlement> {
    let settlement: Settlement;
    try {
      settlement = { ok: true, answer: await run() };
    } catch (thrown) {
      // Who stops as he was told has not failed, and what he had done until then only he knows.
      settlement = signal.aborted ? settlementOf(outcomeUnknown(frame)) : failureOf(frame, thrown, "call-failed");
    }
    const bytes = sizeOf(settlement);
    if (bytes <= limits.messageBytes) return settlement;
    return settlementOf(tooLarge(frame, bytes, limits.messageBytes));
  }

  /** A failure of the one code that is meant for the caller. Of any other he learns nothing, and the log where it comes from. */
  function failureOf(frame: CallFrame, thrown: unknown, meant: "call-failed" | "invalid"): Settlement {
    const error = toEitherwayError(thrown);
    if (error.code === meant) return settlementOf(error);
    const { channel, name } = frame;
    logger.error("call failed", { channel, call: name, cause: causeOf(error.cause ?? error) });
    metrics.count("calls.broken");
    return settlementOf(callFailed(frame));
  }

  /** Keeps it before anybody hears of it. */
  async function settle({ frame, scope, key }: Asked, settlement: Settlement): Promise<Settlement> {
    if (!settlement.ok) metrics.count(`calls.failed.${settlement.code}`);
    try {
      await broker.settle(scope, key, settlement);
    } catch (thrown) {
      // Who waits gets it all the same; who asks again will hear that the outcome is not known.
      metrics.count("calls.unkept");
      const { channel, name } = frame;
      const error = toEitherwayError(thrown);
      if (!stopped && error.code === "internal")
        logger.error("call answer not kept", { channel, call: name, cause: String(error.cause ?? error) });
    }
    return settlement;
  }

  // --- what runs elsewhere ---

  /** Looks again and again. Ends by itself: a lease does. */
  async function follow(asked: Asked): Promise<Settlement> {
    const { frame, scope, key, request } = asked;
    enter();
    try {
      for (let pause = FIRST_LOOK_MS; ; pause = Math.min(2 * pause, LAST_LOOK_MS)) {
        await new Promise<void>((resolve) => {
          clock.after(pause, resolve);
        });
        const claimed = await broker.claim(scope, key, request);
        if (claimed.state === "settled") return claimed.settlement;
        if (claimed.state === "running") continue;
        // Its runner is gone. Of one that may not be run again nobody knows the outcome, also where the key was forgotten.
        if (claimed.state === "new" && request.repeatable) return (await begin(asked)).settlement;
        return settlementOf(outcomeUnknown(frame));
      }
    } finally {
      leave();
    }
  }

  function enter(): void {
    running++;
  }

  function leave(): void {
    running--;
    if (running === 0) idle();
  }

  return {
    start,
    abort() {
      stopped = true; // what ends from now on has no store to go to
      for (const abort of aborts) abort.abort(new EitherwayError("drain", "The server is going away."));
    },
    get running() {
      return running;
    },
  };
}

function nameOf({ scope, key }: Asked): string {
  return `${scope}\n${key}`; // no key has a line end
}

function settlementOf({ code, message, details }: EitherwayError): Settlement {
  const text = details === undefined ? undefined : JSON.stringify(details);
  return { ok: false, code, message, ...(text !== undefined && { details: text }) };
}

function answerOf({ key }: CallFrame, settled: Settlement): CommandAnswer {
  if (settled.ok) return { key, ok: true, id: undefined, ...(settled.answer && { answer: settled.answer }) };
  const { code, message, details } = settled;
  const options = details === undefined ? {} : { details: JSON.parse(details) as unknown };
  return { key, ok: false, error: new EitherwayError(code, message, options) };
}

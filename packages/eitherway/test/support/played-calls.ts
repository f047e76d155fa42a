/** Handlers whose runs the test plays: each waits until it is answered. */
import {
  type CallContext,
  type CallHandler,
  type CallHandlers,
  type CommandAnswer,
  type CommandOutcome,
  createHub,
  DEFAULT_LIMITS,
  type Hub,
} from "../../src/core/index.ts";
import { type CallFrame, EitherwayError, type Payload, textPayload } from "../../src/protocol/index.ts";

export interface Run {
  readonly text: string;
  readonly context: CallContext;
  answer(text: string): void;
  fail(error: unknown): void;
}

export interface PlayedCalls extends CallHandlers {
  /** As they were started. */
  readonly runs: readonly Run[];
  readonly texts: readonly string[];
}

/** Every channel has a call `send`. */
export function playedCalls(options: Partial<CallHandler> = {}): PlayedCalls {
  const runs: Run[] = [];
  const handler: CallHandler = {
    timeoutMs: 30_000,
    repeatable: false,
    prepare: (input) => (context) => started(input, context),
    ...options,
  };
  function started(input: Payload, context: CallContext): Promise<Payload> {
    return new Promise((resolve, reject) => {
      const answer = (text: string): void => resolve(textPayload(text));
      runs.push({ text: String(input.data), context, answer, fail: reject });
    });
  }
  return {
    find: (channel, name) => {
      if (channel.startsWith("no/")) throw new EitherwayError("unknown-channel", "no such channel");
      return name === "send" ? handler : undefined;
    },
    runs,
    get texts() {
      return runs.map(({ text }) => text);
    },
  };
}

export function callFrame(key: string, text: string, channel = "room", name = "send"): CallFrame {
  return { t: "call", key, channel, name, payload: textPayload(text) };
}

/** What became of an outcome so far: `running`, the answer's text, or the code of its error. */
export function seen(outcome: CommandOutcome | undefined): { readonly now: string } {
  const shown = { now: "none" };
  if (outcome === undefined) return shown;
  if ("later" in outcome) {
    shown.now = "running";
    void outcome.later.then((answer) => {
      shown.now = briefAnswer(answer);
    });
  } else shown.now = briefAnswer(outcome);
  return shown;
}

function briefAnswer(answer: CommandAnswer): string {
  if (!answer.ok) return answer.error.code;
  return String(answer.answer?.data);
}

/** Another node on the same broker. */
export function anotherHub(hub: Hub, calls: CallHandlers, more: Partial<Parameters<typeof createHub>[0]> = {}): Hub {
  const { broker, clock, random, logger } = hub;
  return createHub({ broker, clock, random, logger, limits: DEFAULT_LIMITS, calls, ...more });
}

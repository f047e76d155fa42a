/** The calls of a contract: handlers by the names of the application, with validated input and answer. */
import type { CallType, ChannelType } from "../contract/index.ts";
import { validate } from "../contract/standard-schema.ts";
import type { CallContext, CallHandler, CallHandlers } from "../core/index.ts";
import { EitherwayError, jsonPayload, type Payload, quote } from "../protocol/index.ts";
import { readPositiveAmount } from "./amounts.ts";
import type { ChannelIndex, Match } from "./channel-index.ts";

/** What a handler is given; with types it is a `CallOf` of typed-channels.ts. */
export interface HandledCall {
  readonly input: unknown;
  readonly params: Readonly<Record<string, string>>;
  readonly channel: string;
  readonly user: string | undefined;
  readonly client: string;
  readonly signal: AbortSignal;
  publish(event: string, data: unknown, options?: KeyOption): Promise<{ readonly id: string }>;
  fail(name: string, data: unknown): never;
}

interface KeyOption {
  readonly key?: string | undefined;
}

export type HandleCall = (call: HandledCall) => unknown;

export interface ContractCalls extends CallHandlers {
  /**
   * @param type of the channel that the application calls `name`
   * @throws EitherwayError `unknown-call` for one that the contract does not have, `bad-request` for one that has a handler
   */
  register(name: string, type: ChannelType, handlers: Readonly<Record<string, unknown>>): void;
}

export interface ContractCallsOptions {
  readonly index: ChannelIndex<ChannelType>;
  publish(
    channel: string,
    data: unknown,
    options: KeyOption & { readonly event: string },
  ): Promise<{ readonly id: string }>;
}

interface Registered {
  readonly type: CallType;
  readonly timeoutMs: number;
  readonly handle: HandleCall;
}

const DEFAULT_TIMEOUT_MS = 30_000;

export function createContractCalls({ index, publish }: ContractCallsOptions): ContractCalls {
  const registered = new Map<ChannelType, Map<string, Registered>>();

  function handlerOf(name: string, { params }: Match<ChannelType>, one: Registered): CallHandler {
    const { type, timeoutMs, handle } = one;
    const start = (input: unknown) => async (context: CallContext) => {
      const call = { ...contextOf(context), input, params };
      return answerOf(name, type, context, () => handle(call));
    };
    return {
      timeoutMs,
      repeatable: type.repeatable === true,
      prepare(payload) {
        if (!type.in) return start(undefined);
        const input = validate(type.in, inputOf(payload, name), `The input of call ${quote(name)}`);
        return input instanceof Promise ? input.then(start) : start(input);
      },
    };
  }

  function contextOf({ channel, who, signal }: CallContext): Omit<HandledCall, "input" | "params"> {
    return {
      channel,
      user: who.user,
      client: who.client,
      signal,
      publish: (event, data, options) => publish(channel, data, { ...options, event }),
      fail(name, data) {
        throw new CallFailure(name, data);
      },
    };
  }

  return {
    find(channel, name) {
      const match = index.find(channel);
      if (!match) {
        throw new EitherwayError("unknown-channel", `No channel of the application matches ${quote(channel)}.`);
      }
      const one = registered.get(match.type)?.get(name);
      return one && handlerOf(name, match, one);
    },
    register(channel, type, handlers) {
      const known = registered.get(type) ?? new Map<string, Registered>();
      for (const [name, handle] of Object.entries(handlers)) known.set(name, check(channel, type, known, name, handle));
      registered.set(type, known);
    },
  };
}

/** What `fail` throws: a handler that catches everything has to let it through. */
class CallFailure extends Error {
  readonly failure: string;
  readonly data: unknown;

  constructor(failure: string, data: unknown) {
    super(`The handler failed as ${quote(failure)}.`);
    this.name = "CallFailure";
    this.failure = failure;
    this.data = data;
  }
}

function inputOf(payload: Payload, name: string): unknown {
  if (payload.kind === "json") return JSON.parse(payload.data);
  throw new EitherwayError("invalid", `The input of call ${quote(name)} is JSON, and ${payload.kind} came.`, {
    details: { issues: [{ path: "", message: `expected JSON, received ${payload.kind}` }] },
  });
}

/** What the handler gives that does not keep to the contract is its defect, so the error is not `call-failed`. */
async function answerOf(
  name: string,
  { out, errors = {} }: CallType,
  { channel }: CallContext,
  run: () => unknown,
): Promise<Payload | undefined> {
  try {
    const answer = await run();
    return out && jsonPayload(await validate(out, answer, `The answer of call ${quote(name)} on ${quote(channel)}`));
  } catch (thrown) {
    if (!(thrown instanceof CallFailure)) throw thrown;
    const { failure, data } = thrown;
    const schema = Object.hasOwn(errors, failure) ? errors[failure] : undefined;
    if (!schema) throw new Error(`Call ${quote(name)} has no error ${quote(failure)} in its contract.`);
    const valid = await validate(schema, data, `The error ${quote(failure)} of call ${quote(name)}`);
    throw new EitherwayError("call-failed", `Call ${quote(name)} on ${quote(channel)} failed: ${failure}.`, {
      details: { name: failure, data: valid },
    });
  }
}

function check(
  channel: string,
  { pattern, calls }: ChannelType,
  known: ReadonlyMap<string, Registered>,
  name: string,
  handle: unknown,
): Registered {
  const type = Object.hasOwn(calls, name) ? calls[name] : undefined;
  if (!type) {
    const names = Object.keys(calls).map((one) => quote(one));
    throw new EitherwayError(
      "unknown-call",
      `Channel ${quote(channel)} has no call ${quote(name)}; it has ${names.join(", ") || "none"}.`,
    );
  }
  if (known.has(name)) {
    throw new EitherwayError(
      "bad-request",
      `Call ${quote(name)} of ${quote(channel)} has a handler; give it one only.`,
    );
  }
  if (typeof handle !== "function") {
    throw new EitherwayError(
      "bad-request",
      `The handler of call ${quote(name)} of ${quote(channel)} is ${quote(String(handle))}; give a function.`,
    );
  }
  const { timeout } = type;
  const timeoutMs =
    timeout === undefined
      ? DEFAULT_TIMEOUT_MS
      : readPositiveAmount(timeout, `timeout of call ${name} of ${pattern}`, "ms");
  return { type, timeoutMs, handle: handle as HandleCall };
}

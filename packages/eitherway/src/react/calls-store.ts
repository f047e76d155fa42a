/** The calls that one component has made: what of them is under way, what failed last, and what to show meanwhile. */
import type { TypedCallOptions } from "../client/typed/typed-api.ts";
import { EitherwayError, isEitherwayError } from "../protocol/index.ts";
import type { ChannelAddress, HooksClient } from "./client-port.ts";
import { createCell, type Store, type StoreClock } from "./store.ts";

export interface CallsView<Shown> {
  /** A call has no answer yet. */
  readonly pending: boolean;
  /** Why the last call failed that ended; gone with the next one. */
  readonly error: EitherwayError | undefined;
  /** What `optimistic` made of the calls that have no answer yet, in their order. */
  readonly optimistic: readonly OptimisticItem<Shown>[];
}

export interface OptimisticItem<Shown = unknown> {
  /** Of its own in this component. */
  readonly id: string;
  readonly data: Shown;
}

export const INITIAL_CALLS: CallsView<never> = { pending: false, error: undefined, optimistic: [] };

/** A method of `channel.call`. */
export type AnyCall = (input?: unknown, options?: TypedCallOptions) => Promise<unknown>;

export interface CallsStore extends Omit<Store<CallsView<unknown>>, "close"> {
  /** A rejection that nobody handles is no unhandled one: it shows as `error`. */
  call(input: unknown, options?: TypedCallOptions): Promise<unknown>;
}

export interface CallsStoreOptions {
  readonly client: HooksClient;
  readonly clock: StoreClock;
  readonly address: ChannelAddress;
  readonly name: string;
  /** What to show of a call until it is answered. */
  optimistic(input: unknown): readonly unknown[];
}

/** What a call published may come just behind its answer: until then it is still shown as it was expected. */
const OVERLAP_MS = 16;

export function createCallsStore({ client, clock, address, name, optimistic }: CallsStoreOptions): CallsStore {
  const shown = new Set<OptimisticItem>();
  let unanswered = 0;
  let calls = 0;
  let error: EitherwayError | undefined;

  const cell = createCell<CallsView<unknown>>(clock, () => ({
    pending: unanswered > 0,
    error,
    optimistic: [...shown],
  }));

  async function run(input: unknown, options: TypedCallOptions | undefined): Promise<unknown> {
    let items: readonly OptimisticItem[] = [];
    let overlapMs = 0;
    unanswered++;
    error = undefined;
    cell.touch();
    try {
      items = optimistic(input).map((data) => ({ id: `call-${++calls}`, data }));
      for (const item of items) shown.add(item);
      const answer = await methodOf(client, address, name)(input, options);
      overlapMs = OVERLAP_MS;
      return answer;
    } catch (thrown) {
      error = failureOf(name, thrown);
      throw thrown;
    } finally {
      unanswered--;
      cell.touch();
      clock.after(overlapMs, () => {
        for (const item of items) shown.delete(item);
        cell.touch();
      });
    }
  }

  return {
    read: cell.read,
    watch: cell.watch,
    call(input, options) {
      const answer = run(input, options);
      answer.catch(() => {}); // whoever does not wait for it finds it in `error`
      return answer;
    },
  };
}

function methodOf(client: HooksClient, { name, params }: ChannelAddress, call: string): AnyCall {
  const args = params === undefined ? [] : [params];
  const handle = client.channel(name, ...(args as never[])) as { readonly call: Readonly<Record<string, AnyCall>> };
  return handle.call[call] as AnyCall;
}

function failureOf(name: string, thrown: unknown): EitherwayError {
  if (isEitherwayError(thrown)) return thrown;
  return new EitherwayError("internal", `Call ${name} ended without an answer: ${String(thrown)}.`, { cause: thrown });
}

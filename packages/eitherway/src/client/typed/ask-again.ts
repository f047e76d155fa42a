/**
 * Asks again for calls that run, over transports on which answers do not come by themselves: all of a link in one request, which the
 * server holds until one of them is answered. Commands go by another one, so nothing waits for a handler.
 */
import { isRetryable } from "../../protocol/index.ts";
import type { Asker, AskerOptions, Command } from "../command.ts";
import type { LinkFailure } from "../link-failure.ts";
import type { Undo } from "../ports.ts";

/** Below the 30 s after which some proxies give up on an answer. */
const WAIT_SECONDS = 25;

/** A request is not given up for a newcomer sooner, since an answer may be on its way, and none without news follows another one sooner. */
const LEAST_MS = 1_000;

export function createAsker({ clock, fitting, post, take, returned }: AskerOptions): Asker {
  /** By key, in the order of their turns: newcomers first, then those that were asked for, longest ago. */
  const fresh = new Map<string, Command>();
  const asked = new Map<string, Command>();
  let request: AbortController | undefined;
  let beganAt = Number.NEGATIVE_INFINITY;
  let pause: Undo | undefined;
  let renewed = false;
  let closed = false;

  function add(command: Command): void {
    fresh.set(command.frame.key, command);
    pause ??= clock.after(request ? rest() : 0, renew);
  }

  function rest(): number {
    return Math.max(0, beganAt + LEAST_MS - clock.now());
  }

  /** For a newcomer: asked together, all of them need one connection. */
  function renew(): void {
    pause = undefined;
    if (request) {
      renewed = true;
      request.abort();
    } else void ask();
  }

  /** Never rejects. */
  async function ask(): Promise<void> {
    const commands = fitting(inTurn());
    for (const command of commands) {
      forget(command.frame.key);
      asked.set(command.frame.key, command);
    }
    renewed = false;
    beganAt = clock.now();
    request = new AbortController();
    const silent = new Set(commands.map(({ frame }) => frame.key));
    let answered = false;
    let stopped = false; // by a retryable failure, the last answer there is
    const failure = await post(
      commands,
      request,
      (frame) => {
        if ("key" in frame && frame.key !== undefined) silent.delete(frame.key);
        if (frame.t === "ok" || frame.t === "error") {
          answered = true;
          forget(frame.key ?? "");
          stopped ||= frame.t === "error" && isRetryable(frame.code);
        }
        take(frame);
      },
      WAIT_SECONDS,
    );
    request = undefined;
    if (closed || inTurn().length === 0) return;
    if (renewed) void ask();
    else if (failure) giveBack(failure);
    else if (silent.size > 0 && !stopped) giveBack({ message: "the answer to running calls is not complete" });
    else pause ??= clock.after(answered ? 0 : rest(), renew);
  }

  /** To be put in order with everything else that has no answer, and sent again. */
  function giveBack(failure: LinkFailure): void {
    const commands = inTurn();
    fresh.clear();
    asked.clear();
    returned(commands, failure);
  }

  function inTurn(): readonly Command[] {
    return [...fresh.values(), ...asked.values()];
  }

  function forget(key: string): void {
    fresh.delete(key);
    asked.delete(key);
  }

  return {
    add,
    close() {
      closed = true;
      pause?.();
      request?.abort();
    },
  };
}

/** A response body that stays open, as a `ReadableStream` with honest backpressure. */
import type { ResponseStream, SinkEvents } from "../core/index.ts";
import { concat } from "../transports/poll.ts";

export interface BodyStream {
  readonly body: ReadableStream<Uint8Array>;
  readonly sink: ResponseStream;
}

/**
 * @param signal of the request: aborted when the client goes away, where the host says so; else the body is cancelled
 * @param fullBytes how much may wait for the host before the sink counts as full
 */
export function openBodyStream(signal: AbortSignal, events: SinkEvents, fullBytes: number): BodyStream {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  let state: "open" | "ended" | "over" = "open";
  let full = false;
  let corked: Uint8Array[] | undefined;

  const body = new ReadableStream<Uint8Array>(
    {
      start(given) {
        controller = given;
      },
      pull() {
        if (!full) return;
        full = false;
        events.drained();
      },
      cancel: over,
    },
    new ByteLengthQueuingStrategy({ highWaterMark: fullBytes }),
  );
  if (signal.aborted) queueMicrotask(abort);
  else signal.addEventListener("abort", abort, { once: true });

  /** An end and no error: who aborts knows, and hosts would print an error for every page that is closed. */
  function abort(): void {
    if (state === "open") controller?.close();
    over();
  }

  function over(): void {
    if (state === "over") return;
    state = "over";
    signal.removeEventListener("abort", abort);
    events.closed();
  }

  function enqueue(bytes: Uint8Array): boolean {
    controller?.enqueue(bytes);
    if ((controller?.desiredSize ?? 1) > 0) return true;
    full = true;
    return false;
  }

  const sink: ResponseStream = {
    write(bytes) {
      if (state !== "open" || bytes.length === 0) return true;
      if (!corked) return enqueue(bytes);
      corked.push(bytes);
      return !full;
    },
    get pendingBytes() {
      return state === "open" ? fullBytes - (controller?.desiredSize ?? fullBytes) : 0;
    },
    cork() {
      corked = [];
    },
    uncork() {
      const parts = corked ?? [];
      corked = undefined;
      if (state === "open" && parts.length > 0) enqueue(join(parts));
    },
    end() {
      if (state !== "open") return;
      sink.uncork();
      state = "ended";
      controller?.close();
      queueMicrotask(over); // what the host still has to take is its own by now
    },
    destroy() {
      if (state !== "open") return;
      controller?.error(new Error("The server dropped this response."));
      queueMicrotask(over);
    },
  };
  return { body, sink };
}

/** A copy where there are several: they are shared with other links, and stay as they are. */
function join(parts: readonly Uint8Array[]): Uint8Array {
  const [first] = parts;
  if (first && parts.length === 1) return first;
  return concat(
    parts,
    parts.reduce((sum, { length }) => sum + length, 0),
  );
}

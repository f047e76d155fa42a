/**
 * The way of bytes to one peer, in memory: what the peer's window does not let through is pending, as it would be in a kernel.
 * Arrival is synchronous; news for the server (`drained`, `closed`) come at the end of the turn, never inside its own call.
 */
import type { Clock, ResponseStream, SinkEvents } from "../core/index.ts";
import { concat } from "../transports/poll.ts";

export interface MemorySinkOptions {
  readonly clock: Clock;
  /** Pending bytes from which `write` says full. */
  readonly fullBytes: number;
  /** Bytes that the peer takes before it has to be asked again; `Infinity`: all. */
  readonly windowBytes: number;
  readonly events: SinkEvents;
  /** Bytes that reach the peer: one call for what one write, or the writes of one cork, let through. */
  arrive(bytes: Uint8Array): void;
  /** The connection is over; `ended`: properly, after everything arrived. Told at once, before `events.closed`. */
  over(how: "ended" | "cut"): void;
}

export interface MemorySink extends ResponseStream {
  /** Opens the peer's window by so many bytes. */
  take(bytes: number): void;
}

export function createMemorySink(options: MemorySinkOptions): MemorySink {
  const { clock, fullBytes, events, arrive, over } = options;
  let window = options.windowBytes;
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  let corked = false;
  let full = false;
  let state: "open" | "ending" | "over" = "open";

  function push(): void {
    if (corked || state === "over") return;
    const whole = concat(pending, pendingBytes);
    const arriving = whole.subarray(0, Math.min(window, whole.length));
    const rest = whole.subarray(arriving.length);
    window -= arriving.length;
    pending = rest.length > 0 ? [rest] : [];
    pendingBytes = rest.length;
    if (arriving.length > 0) arrive(arriving);
    if (pendingBytes > 0) return;
    if (full) clock.defer(drained);
    if (state === "ending") finish("ended");
  }

  function drained(): void {
    if (!full || pendingBytes > 0 || state !== "open") return;
    full = false;
    events.drained();
  }

  function finish(how: "ended" | "cut"): void {
    if (state === "over") return;
    state = "over";
    pending = [];
    pendingBytes = 0;
    over(how);
    clock.defer(() => events.closed());
  }

  return {
    write(bytes) {
      if (state !== "open" || bytes.length === 0) return true;
      pending.push(bytes);
      pendingBytes += bytes.length;
      push();
      if (pendingBytes < fullBytes) return true;
      full = true;
      return false;
    },
    get pendingBytes() {
      return pendingBytes;
    },
    cork() {
      corked = true;
    },
    uncork() {
      corked = false;
      push();
    },
    end() {
      if (state !== "open") return;
      state = "ending";
      corked = false;
      push();
    },
    destroy: () => finish("cut"),
    take(bytes) {
      window += bytes;
      push();
    },
  };
}

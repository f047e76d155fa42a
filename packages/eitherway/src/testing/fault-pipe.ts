/** One direction of one connection of the fault network: bytes go from one socket to the other as the fault of the hour has it. */
import type { Socket } from "node:net";
import { performance } from "node:perf_hooks";
import type { Fault } from "./fault.ts";

export interface FaultPipeOptions {
  readonly from: Socket;
  readonly to: Socket;
  /** Hears the length of whatever came. */
  count(length: number): void;
  /** Resets the whole connection. */
  cut(): void;
}

export interface FaultPipe {
  set(fault: Fault): void;
  /** Nothing is handed on after it. */
  stop(): void;
}

/** How much may wait inside the pipe before its source is not read any more. Little, so that backpressure is real. */
const HELD_BYTES = 256 * 1024;

/** A slow reader takes its share in steps of that many milliseconds. */
const STEP_MS = 20;
const MS_PER_SECOND = 1_000;

export function createFaultPipe({ from, to, count, cut }: FaultPipeOptions): FaultPipe {
  const waiting: { bytes: Buffer; readonly due: number }[] = [];
  let waitingBytes = 0;
  let fault: Fault = { kind: "none" };
  let deaf = false; // half-open, for good
  let bytesUntilCut = Number.POSITIVE_INFINITY;
  let ended = false;
  let blocked = false; // the other socket is full
  let releasing = 0; // bytes that a buffering proxy has decided to let go
  let timer: NodeJS.Timeout | undefined;

  from.on("data", (bytes: Buffer) => {
    count(bytes.length);
    if (deaf) return;
    // A shorter delay than before must not let bytes overtake earlier ones.
    const due = Math.max(performance.now() + (fault.kind === "delay" ? fault.ms : 0), waiting.at(-1)?.due ?? 0);
    waiting.push({ bytes, due });
    waitingBytes += bytes.length;
    if (fault.kind === "buffering" && waitingBytes >= fault.bytes) releasing = waitingBytes;
    pump();
  });
  from.on("end", () => {
    ended = true;
    pump();
  });
  to.on("drain", () => {
    blocked = false;
    pump();
  });

  /** Hands on what may go now, and comes back for the rest. */
  function pump(): void {
    clearTimeout(timer);
    timer = undefined;
    while (!deaf && !blocked) {
      const next = waiting[0];
      if (!next || isHeld()) break;
      const early = next.due - performance.now();
      if (early > 0) {
        timer = setTimeout(pump, early);
        break;
      }
      const share = shareNow();
      const bytes = next.bytes.subarray(0, share);
      next.bytes = next.bytes.subarray(bytes.length);
      if (next.bytes.length === 0) waiting.shift();
      waitingBytes -= bytes.length;
      releasing -= bytes.length;
      if (!send(bytes)) return;
      if (fault.kind === "slow-reader" && waiting.length > 0) {
        timer = setTimeout(pump, STEP_MS);
        break;
      }
    }
    if (ended && waiting.length === 0 && !deaf) to.end();
    // A buffering proxy has to read on to see the end that makes it let go.
    if (waitingBytes > HELD_BYTES && fault.kind !== "buffering") from.pause();
    else from.resume();
  }

  function isHeld(): boolean {
    return fault.kind === "buffering" && releasing <= 0 && !ended;
  }

  function shareNow(): number {
    if (fault.kind !== "slow-reader") return Number.POSITIVE_INFINITY;
    return Math.max(1, Math.floor((fault.bytesPerSecond * STEP_MS) / MS_PER_SECOND));
  }

  /** `false`: that was the cut. */
  function send(bytes: Buffer): boolean {
    if (bytes.length < bytesUntilCut) {
      bytesUntilCut -= bytes.length;
      blocked = !to.write(bytes);
      return true;
    }
    deaf = true;
    from.pause();
    // The first bytes of the broken frame arrive; a reset in the same moment could take them back.
    to.write(bytes.subarray(0, bytesUntilCut), () => cut());
    return false;
  }

  return {
    set(next) {
      fault = next;
      releasing = next.kind === "buffering" && waitingBytes >= next.bytes ? waitingBytes : 0;
      bytesUntilCut = next.kind === "cut" ? next.afterBytes : Number.POSITIVE_INFINITY;
      if (next.kind === "half-open") {
        deaf = true;
        waiting.length = 0;
        waitingBytes = 0;
      }
      pump();
    },
    stop() {
      deaf = true;
      waiting.length = 0;
      clearTimeout(timer);
    },
  };
}

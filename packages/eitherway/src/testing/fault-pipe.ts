/** One direction of one connection of the fault network: bytes go from one socket to the other as the fault of the hour has it. */
import type { Socket } from "node:net";
import { performance } from "node:perf_hooks";
import type { Random } from "../core/index.ts";
import type { Fault } from "./fault.ts";
import { createLinkSchedule, type Due, type LinkSchedule } from "./link-schedule.ts";

export interface FaultPipeOptions {
  readonly from: Socket;
  readonly to: Socket;
  /** For jitter. */
  readonly random: Random;
  /** Hears the length of whatever came. */
  count(length: number): void;
  /** Hears how long bytes were held here, in ms, and whether a stall had part in it. */
  held(ms: number, stalled: boolean): void;
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

/** What a thin link has room for beside what is under way: a little more than a router would. */
const QUEUE_MS = 100;

/** A slow reader, and a thin link, move their share in steps of that many milliseconds. */
const STEP_MS = 20;
const MS_PER_SECOND = 1_000;

interface Waiting {
  bytes: Buffer;
  readonly came: number;
  readonly due: Due;
}

export function createFaultPipe({ from, to, random, count, held, cut }: FaultPipeOptions): FaultPipe {
  const waiting: Waiting[] = [];
  let waitingBytes = 0;
  let fault: Fault = { kind: "none" };
  let schedule: LinkSchedule | undefined;
  let deaf = false; // half-open, for good
  let bytesUntilCut = Number.POSITIVE_INFINITY;
  let ended = false;
  let blocked = false; // the other socket is full
  let nextShareAt = 0; // of a slow reader, whatever comes meanwhile
  let releasing = 0; // bytes that a buffering proxy has decided to let go
  let timer: NodeJS.Timeout | undefined;
  let release: NodeJS.Timeout | undefined; // of what a buffering proxy holds for a time

  from.on("data", (bytes: Buffer) => {
    count(bytes.length);
    if (deaf) return;
    const came = performance.now();
    for (const piece of piecesOf(bytes)) {
      // A shorter way than before must not let bytes overtake earlier ones.
      const { at, isStalled } = schedule?.(came, piece.length) ?? { at: came, isStalled: false };
      const due = { at: Math.max(at, waiting.at(-1)?.due.at ?? 0), isStalled };
      waiting.push({ bytes: piece, came, due });
    }
    waitingBytes += bytes.length;
    buffer();
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

  /** A thin link delivers a large write bit by bit. */
  function piecesOf(bytes: Buffer): readonly Buffer[] {
    if (fault.kind !== "link" || fault.bytesPerSecond === undefined) return [bytes];
    const length = shareOf(fault.bytesPerSecond);
    const count = Math.ceil(bytes.length / length);
    return Array.from({ length: count }, (_, at) => bytes.subarray(at * length, (at + 1) * length));
  }

  /** What a buffering proxy decides when something came. */
  function buffer(): void {
    if (fault.kind !== "buffering" || waitingBytes === 0) return;
    if ("bytes" in fault) {
      if (waitingBytes >= fault.bytes) releasing = waitingBytes;
      return;
    }
    release ??= setTimeout(() => {
      release = undefined;
      releasing = waitingBytes;
      pump();
    }, fault.ms);
  }

  /** Hands on what may go now, and comes back for the rest. */
  function pump(): void {
    clearTimeout(timer);
    timer = undefined;
    while (!deaf && !blocked) {
      const next = waiting[0];
      if (!next || isHeld()) break;
      const early = Math.max(next.due.at, nextShareAt) - performance.now();
      if (early > 0) {
        timer = setTimeout(pump, early);
        break;
      }
      const share = shareNow();
      const bytes = next.bytes.subarray(0, share);
      next.bytes = next.bytes.subarray(bytes.length);
      if (next.bytes.length === 0) waiting.shift();
      held(performance.now() - next.came, next.due.isStalled);
      waitingBytes -= bytes.length;
      releasing -= bytes.length;
      if (!send(bytes)) return;
      if (fault.kind === "slow-reader") nextShareAt = performance.now() + STEP_MS;
    }
    if (ended && waiting.length === 0 && !deaf) to.end();
    // A buffering proxy has to read on to see the end that makes it let go.
    if (waitingBytes > room() && fault.kind !== "buffering") from.pause();
    else from.resume();
  }

  function isHeld(): boolean {
    return fault.kind === "buffering" && releasing <= 0 && !ended;
  }

  function shareNow(): number {
    if (fault.kind !== "slow-reader") return Number.POSITIVE_INFINITY;
    return shareOf(fault.bytesPerSecond);
  }

  function room(): number {
    if (fault.kind !== "link") return HELD_BYTES;
    const { bytesPerSecond, delayMs = 0, jitterMs = 0 } = fault;
    if (bytesPerSecond === undefined) return Number.POSITIVE_INFINITY; // any amount can be under way
    return (bytesPerSecond * (delayMs + jitterMs + QUEUE_MS)) / MS_PER_SECOND;
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
      schedule = next.kind === "link" ? createLinkSchedule(next, random) : undefined;
      clearTimeout(release);
      release = undefined;
      releasing = 0;
      buffer();
      nextShareAt = 0;
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
      clearTimeout(release);
    },
  };
}

/** Of one step, in bytes. */
function shareOf(bytesPerSecond: number): number {
  return Math.max(1, Math.floor((bytesPerSecond * STEP_MS) / MS_PER_SECOND));
}

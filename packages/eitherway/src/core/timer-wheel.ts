/**
 * One timer for all heartbeats and deadlines: adding, moving and cancelling cost a few instructions and no platform timer.
 *
 * Resolution is one tick (100 ms): nothing fires early, everything fires within two ticks of its time. While nothing is
 * scheduled no platform timer runs.
 */
import type { Clock, Undo } from "./ports.ts";

/** Something with a deadline. The wheel owns the fields that start with `wheel`. */
export interface WheelTask {
  /** Called once, when the deadline has passed. May schedule itself again. */
  fire(): void;
  /** The slot the task waits in, or `undefined`. */
  wheelSlot?: Set<WheelTask> | undefined;
  wheelTick?: number;
}

export interface TimerWheel {
  /** Fires `task` in `ms`; a task that waits already is moved. */
  schedule(task: WheelTask, ms: number): void;
  cancel(task: WheelTask): void;
  /** Tasks that wait. */
  readonly size: number;
}

const TICK_MS = 100;
const SLOTS = 512; // 51 s a turn; later deadlines stay for more turns

export function createTimerWheel(clock: Clock): TimerWheel {
  const slots: Set<WheelTask>[] = Array.from({ length: SLOTS }, () => new Set());
  let size = 0;
  let lastTick = tickAt(clock.now());
  let timer: Undo | undefined;

  function tickAt(ms: number): number {
    return Math.floor(ms / TICK_MS);
  }

  function schedule(task: WheelTask, ms: number): void {
    cancel(task);
    if (size === 0) lastTick = tickAt(clock.now());
    // + 1: the deadline lies inside a tick, which must have passed as a whole
    const tick = Math.max(tickAt(clock.now() + ms) + 1, lastTick + 1);
    const slot = slots[tick % SLOTS] as Set<WheelTask>;
    slot.add(task);
    task.wheelSlot = slot;
    task.wheelTick = tick;
    size++;
    timer ??= clock.after(TICK_MS, turn);
  }

  function cancel(task: WheelTask): void {
    if (!task.wheelSlot) return;
    task.wheelSlot.delete(task);
    task.wheelSlot = undefined;
    size--;
    if (size === 0) {
      timer?.();
      timer = undefined;
    }
  }

  function turn(): void {
    timer = undefined;
    const now = tickAt(clock.now());
    // After a long stop (a sleeping laptop) one look at every slot is enough.
    const from = Math.max(lastTick + 1, now - SLOTS + 1);
    lastTick = now;
    for (let tick = from; tick <= now; tick++) {
      const slot = slots[tick % SLOTS] as Set<WheelTask>;
      if (slot.size === 0) continue;
      for (const task of [...slot]) {
        if (task.wheelSlot !== slot || (task.wheelTick as number) > now) continue;
        cancel(task);
        task.fire();
      }
    }
    if (size > 0) timer ??= clock.after(TICK_MS, turn);
  }

  return {
    schedule,
    cancel,
    get size() {
      return size;
    },
  };
}

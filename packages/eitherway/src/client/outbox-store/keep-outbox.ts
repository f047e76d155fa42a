/** Joins an outbox and what keeps its commands over reloads. */
import type { EitherwayError, Id } from "../../protocol/index.ts";
import { createCommand } from "../command.ts";
import { describePublish } from "../describe-entry.ts";
import { type Entry, RESEND_MARGIN_MS } from "../outbox-entry.ts";
import { outcomeUnknown } from "../outbox-refusals.ts";
import type { ClientClock } from "../ports.ts";
import type {
  Keeper,
  KeeperEvents,
  KeepOptions,
  KeptCommand,
  KeptOutbox,
  OutboxKeeper,
  Outcome,
} from "./outbox-store.ts";

export function keepOutbox(
  outbox: KeptOutbox,
  { clock, outcome, broken }: KeepOptions,
  createKeeper: (events: KeeperEvents) => Keeper,
): OutboxKeeper {
  const entriesOf = (counters: readonly number[]): readonly Entry[] => {
    const wanted = new Set(counters);
    return outbox.entries().filter(({ counter }) => wanted.has(counter));
  };
  const keeper = createKeeper({
    written: outbox.pump,
    refused(counters, error) {
      for (const entry of entriesOf(counters)) outbox.giveUp(entry, error);
      outbox.pump();
    },
    broken(error, stuck) {
      for (const entry of entriesOf(stuck)) {
        const why = "its store failed, and a later page may send it from there";
        outbox.giveUp(entry, outcomeUnknown(entry.command, why));
      }
      broken(error);
      outbox.pump();
    },
  });
  for (const command of keeper.left) outbox.restore(restoredEntry(command, clock, outcome));
  return {
    ...keeper,
    holds(next) {
      const [first] = next;
      if (first?.command.frame.t !== "publish" || keeper.maySend(first.counter)) return false; // no other is kept
      for (const { counter } of next) keeper.mark(counter, clock.wall());
      return true;
    },
    rest(entries) {
      for (const { counter, sends } of entries) if (sends === 0) keeper.unmark(counter);
    },
  };
}

/** A command that an earlier page left. Nobody holds its promise, so its outcome goes to `tell`. */
function restoredEntry(
  { counter, frame, sentAt }: KeptCommand,
  clock: ClientClock,
  tell: (outcome: Outcome) => void,
): Omit<Entry, "lane"> {
  // A wall clock that was set back does not say how long ago it was, so it counts as long ago.
  const isAhead = sentAt !== undefined && sentAt > clock.wall() + RESEND_MARGIN_MS;
  const entry: Omit<Entry, "lane"> = {
    command: createCommand(frame),
    counter,
    restored: true,
    resolve: ({ id }) => tell({ ...describePublish(frame, entry), id: id as Id }),
    reject: (error) => tell({ ...describePublish(frame, entry), error: error as EitherwayError }),
    sentAt: sentAt === undefined ? undefined : { now: isAhead ? Number.NEGATIVE_INFINITY : clock.now(), wall: sentAt },
    sends: sentAt === undefined ? 0 : 1,
  };
  return entry;
}

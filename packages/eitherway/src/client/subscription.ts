/**
 * One reader's place in one channel, and the check that nothing is missing: ids, and what `skipped` declares, must join up with
 * what was received (P2). Repeats are dropped, so a resume may begin anywhere before the place.
 */
import {
  type ArrivedGap,
  type ArrivedMembers,
  type Cursor,
  type ErrorCode,
  formatId,
  type Id,
  type IdParts,
  type LiveFrame,
  type MessagesFrame,
  parseId,
  type Received,
} from "../protocol/index.ts";
import type { ChannelFrame, ChannelSink } from "./transport.ts";

export interface SubscriptionEvents {
  message(message: Received, id: Id, replayed: boolean): void;
  /** One that is in no log. */
  volatile(message: Received): void;
  gap(frame: ArrivedGap): void;
  live(id: Id): void;
  /** Who is in the channel whose joins and leaves this log tells, as of the frame's id; the reader stands there. */
  members(frame: ArrivedMembers): void;
  /** Ids do not join up and no gap was declared. Nothing of this link can be trusted for this channel. */
  hole(): void;
  /** A gap that may be meant for an earlier subscription of this link: only a fresh link can tell. */
  unsure(): void;
  failed(code: ErrorCode, message: string): void;
}

export interface Subscription extends ChannelSink {
  /** Where a link has to go on. */
  readonly received: Cursor;
  /** Where the application is: moves after its handlers returned. */
  readonly cursor: Cursor;
  /** Another link goes on from `received`. */
  restart(): void;
  /** Takes nothing any more. */
  end(): void;
}

export function createSubscription(from: Cursor, listener: SubscriptionEvents): Subscription {
  let events = listener;
  let received = parseId(from);
  let cursor = received;
  let live = false;
  let ended = false;
  /** What comes first may be of an earlier subscription of the same link: only what joins up is ours. */
  let retaken = false;

  const asCursor = (place: IdParts | undefined): Cursor => (place ? formatId(place.epoch, place.seq) : from);

  function take(frame: ChannelFrame): void {
    if (ended) return;
    switch (frame.t) {
      case "messages":
        takeRun(frame);
        return;
      case "gap":
        takeGap(frame);
        return;
      case "presence":
        takeMembers(frame);
        return;
      case "live":
        takeLive(frame);
        return;
    }
  }

  function takeRun({ epoch, messages }: MessagesFrame): void {
    if (epoch === undefined) {
      takeVolatile(messages);
      return;
    }
    if (retaken) {
      const [first] = messages as [Received];
      // From `now` nothing comes before `live`.
      if (!received || received.epoch !== epoch || first.seq - first.skipped > received.seq + 1) return;
      retaken = false;
    }
    for (const message of messages) {
      const { seq, skipped } = message;
      if (received) {
        if (received.epoch === epoch && seq <= received.seq) continue;
        if (received.epoch !== epoch || seq - skipped > received.seq + 1) {
          events.hole();
          return;
        }
      } // else: the very first run after `start` may begin anywhere
      const place = { epoch, seq };
      received = place; // before the handlers: whatever they do, this message does not come again
      events.message(message, formatId(epoch, seq), !live);
      cursor = place;
      if (ended) return;
    }
  }

  /** They are of this moment, so of none to a reader that is not there yet; and a subscription before this one may have been meant. */
  function takeVolatile(messages: readonly Received[]): void {
    for (const message of messages) if (live && !retaken && !ended) events.volatile(message);
  }

  function takeGap(frame: ArrivedGap): void {
    if (retaken) {
      if (received) events.unsure();
      return;
    }
    const head = parseId(frame.head) as IdParts; // the codec has checked it
    // The stream before this one has delivered what the log let go of since the hello was written, or has told of the new
    // epoch itself: nothing more is missing. `unknown` does go back, since the log lost its end.
    if (frame.why !== "unknown" && received?.epoch === head.epoch && head.seq <= received.seq) return;
    const seen = frame.why === "trimmed" && received?.epoch === head.epoch ? received.seq : 0;
    received = head;
    events.gap(frame);
    for (const message of frame.latest ?? []) {
      if (message.seq > seen && !ended) events.message(message, formatId(head.epoch, message.seq), true);
    }
    cursor = head;
  }

  /** Of whichever subscription of this link it is: it says everything up to its id, and what follows joins up with it. */
  function takeMembers(frame: ArrivedMembers): void {
    retaken = false;
    const place = parseId(frame.id) as IdParts;
    received = place;
    events.members(frame);
    cursor = place;
  }

  function takeLive(frame: LiveFrame): void {
    const place = parseId(frame.id) as IdParts;
    retaken = false;
    if (received && received.epoch !== place.epoch) {
      events.hole();
      return;
    }
    // Less than received: the stream before this one was quicker. More: ids at the end that are not for this reader.
    if (!received || place.seq > received.seq) received = place;
    if (!cursor || place.seq > cursor.seq || cursor.epoch !== place.epoch) cursor = received;
    if (live) return;
    live = true;
    events.live(formatId(received.epoch, received.seq));
  }

  return {
    take,
    fail(code, message) {
      if (!ended) events.failed(code, message);
    },
    get received() {
      return asCursor(received);
    },
    get cursor() {
      return asCursor(cursor);
    },
    get live() {
      return live;
    },
    restart() {
      live = false;
      retaken = false;
    },
    retake() {
      retaken = true;
    },
    end() {
      ended = true;
      events = NOBODY; // a link may remember us as long as it lives, and must not keep the application by that
    },
  };
}

const NOBODY: SubscriptionEvents = {
  message() {},
  volatile() {},
  gap() {},
  live() {},
  members() {},
  hole() {},
  unsure() {},
  failed() {},
};

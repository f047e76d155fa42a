/** The newest runs of one channel, joined up, so that a tab which comes back or comes late costs the server nothing. */
import type { Cursor, Epoch, IdParts, MessagesFrame } from "../../protocol/index.ts";
import { parseId } from "../../protocol/index.ts";

export interface FrameRing {
  /** Forgets all; what comes from now on follows `from`. */
  restart(from: Cursor): void;
  /** Joins up with what came before. */
  push(epoch: Epoch, frame: MessagesFrame): void;
  /** Where the channel stands, where no message has said so. */
  place(at: IdParts): void;
  /** Everything kept after a place, or `undefined` where some of it is not here. */
  after(at: IdParts | "start"): readonly MessagesFrame[] | undefined;
}

/** What a reload, a short sleep or a walk through a few pages misses. With messages of 64 KiB, the default limit, 16 MiB. */
const MOST_MESSAGES = 256;

export function createFrameRing(): FrameRing {
  let frames: MessagesFrame[] = [];
  let messages = 0;
  /** What is here follows this place. */
  let begin: IdParts | undefined;
  /** Nothing that the log had is missing. */
  let whole = false;

  return {
    restart(from) {
      frames = [];
      messages = 0;
      begin = parseId(from);
      whole = from === "start";
    },
    push(epoch, frame) {
      const [first] = frame.messages;
      if (!first) return;
      begin ??= { epoch, seq: first.seq - first.skipped - 1 };
      frames.push(frame);
      messages += frame.messages.length;
      while (messages > MOST_MESSAGES) {
        const gone = frames.shift() as MessagesFrame;
        messages -= gone.messages.length;
        begin = endOf(epoch, gone);
        whole = false;
      }
    },
    place(at) {
      begin ??= at;
    },
    after(at) {
      if (at === "start") return whole ? frames : undefined;
      if (at.epoch !== begin?.epoch || at.seq < begin.seq) return undefined;
      return frames.filter((frame) => endOf(at.epoch, frame).seq > at.seq);
    },
  };
}

/** The place after a run. */
export function endOf(epoch: Epoch, { messages }: MessagesFrame): IdParts {
  return { epoch, seq: messages.at(-1)?.seq ?? 0 };
}

/** What links have in common: they end once, and they read frames that a peer may have garbled. */
import { type ArrivedFrame, type ClientCodec, type EitherwayError, jsonClientCodec } from "../../protocol/index.ts";
import type { LinkEvents, LinkFailure } from "../transport.ts";

export interface LinkEnd {
  /** Ended, or closed by its owner: nothing is called back any more. */
  over: boolean;
  ended(failure: LinkFailure): void;
}

export function onceEnded(events: LinkEvents): LinkEnd {
  const end: LinkEnd = {
    over: false,
    ended(failure) {
      if (end.over) return;
      end.over = true;
      events.ended(failure);
    },
  };
  return end;
}

/** A frame; `undefined` for one of a newer protocol, which is passed over, and for rubbish, which is the end. */
export function readFrame<Wire extends string | Uint8Array>(
  codec: ClientCodec<Wire>,
  wire: Wire,
  end: Pick<LinkEnd, "ended">,
): ArrivedFrame | undefined {
  try {
    return codec.readServer(wire);
  } catch (thrown) {
    const { code, message } = thrown as EitherwayError;
    // No code: it is our judgement, not the server's word, and another attempt may meet a better one.
    if (code !== "unknown-frame") end.ended({ message: `what came is no frame: ${message}` });
    return undefined;
  }
}

/** The frames of an answer, a line each, while `wanted`. Returns at rubbish, with what is wrong. */
export function readLines(
  text: string,
  wanted: () => boolean,
  take: (frame: ArrivedFrame) => void,
): LinkFailure | undefined {
  let rubbish: LinkFailure | undefined;
  const end = {
    ended(failure: LinkFailure) {
      rubbish = failure;
    },
  };
  for (const line of text.split("\n")) {
    if (line === "" || !wanted()) continue;
    const frame = readFrame(jsonClientCodec, line, end);
    if (rubbish) return rubbish;
    if (frame) take(frame);
  }
  return undefined;
}

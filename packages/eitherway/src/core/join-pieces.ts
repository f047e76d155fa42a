/** Pieces of a stream that lie beside each other, as one: what a late reader gets instead of each token by itself. */
import { joinPayloads, type Message } from "../protocol/index.ts";

/** Whether `next` goes on where `previous` ends. */
export function isContinued(previous: Message | undefined, next: Message): boolean {
  return previous?.event === "piece" && next.event === "piece" && previous.payload.kind === next.payload.kind;
}

/** Neighbouring pieces as one, which has the id and the time of its newest part and declares the others' ids as skipped. */
export function joinPieces(messages: readonly Message[]): readonly Message[] {
  const joined: Message[] = [];
  for (let from = 0; from < messages.length; ) {
    let to = from + 1;
    while (to < messages.length && isContinued(messages[to - 1], messages[to] as Message)) to++;
    joined.push(asOne(messages.slice(from, to)));
    from = to;
  }
  return joined;
}

function asOne(parts: readonly Message[]): Message {
  const [oldest, newest] = [parts[0] as Message, parts.at(-1) as Message];
  if (oldest === newest) return oldest;
  const skipped = newest.seq - oldest.seq + oldest.skipped;
  return { ...newest, skipped, payload: joinPayloads(parts.map(({ payload }) => payload)) };
}

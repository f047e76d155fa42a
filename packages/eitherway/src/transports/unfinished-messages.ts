/**
 * What the links of one server hold of WebSocket messages that are not whole yet, bounded together (P6). A message that would be too much
 * takes the place of the one that was begun first: who behaves is done with his in a moment, who only wants the memory is not (P7).
 */
import { MOST_UNFINISHED_BYTES } from "./body-bounds.ts";

/** @typeParam Peer whose message it is: it has one at a time */
export interface UnfinishedMessages<Peer extends object> {
  /** Bytes of all buffers that are counted. */
  readonly held: number;
  /** The buffer for the peer's message has so many bytes now. */
  hold(peer: Peer, bytes: number): void;
  /** Whose message has to go, as long as all of them are too much. */
  tooMuch(): Peer | undefined;
  /** The peer's message is whole, or given up. */
  free(peer: Peer): void;
}

/**
 * Buffers up to that size are not counted: of usual messages that come in two parts none is ever given up. With the 50,000 links of the
 * default they are 50 MB.
 */
const SMALL_BYTES = 1024;

export function createUnfinishedMessages<Peer extends object>(
  most: number = MOST_UNFINISHED_BYTES,
): UnfinishedMessages<Peer> {
  /** Begun first, first. */
  const buffers = new Map<Peer, number>();
  let held = 0;

  function free(peer: Peer): void {
    held -= buffers.get(peer) ?? 0;
    buffers.delete(peer);
  }

  return {
    get held() {
      return held;
    },
    hold(peer, bytes) {
      if (bytes <= SMALL_BYTES) return;
      held += bytes - (buffers.get(peer) ?? 0);
      buffers.set(peer, bytes); // which keeps its place
    },
    tooMuch: () => (held > most ? buffers.keys().next().value : undefined),
    free,
  };
}

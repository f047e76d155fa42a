/** How a log of joins and leaves is read: who cannot be continued gets who is there, instead of a gap. */
import {
  type Cursor,
  channelOfPresence,
  type Framing,
  formatId,
  type Id,
  type MembersFrame,
} from "../protocol/index.ts";
import type { Broker, Page, PageLimit, Position } from "./broker.ts";

/** Who is in a channel; the reader stands at `head` then. */
export interface MembersPage {
  readonly kind: "members";
  readonly frame: MembersFrame;
  readonly head: Position;
}

/** One page of any log. Readers of presence from `start` or `now`, and those for whom there would be a gap, get its members. */
export async function readPage(
  broker: Broker,
  log: string,
  after: Cursor,
  limit: PageLimit,
): Promise<Page | MembersPage> {
  const channel = broker.presence && channelOfPresence(log);
  if (channel === undefined) return broker.read(log, after, limit);
  if (after !== "start" && after !== "now") {
    const page = await broker.read(log, after, limit);
    if (page.kind !== "gap") return page;
  }
  const listed = await broker.presence?.list(channel);
  if (!listed?.at) return { kind: "none" };
  const { members, at } = listed;
  return { kind: "members", frame: { t: "presence", channel: log, id: formatId(at.epoch, at.seq), members }, head: at };
}

/** One encoding per framing, for all who get these members. */
export class SharedMembers {
  readonly id: Id;
  readonly #frame: MembersFrame;
  readonly #bytes = new Map<Framing, Uint8Array>();

  constructor(frame: MembersFrame) {
    this.id = frame.id;
    this.#frame = frame;
  }

  bytesFor(framing: Framing): Uint8Array {
    let bytes = this.#bytes.get(framing);
    if (!bytes) {
      bytes = framing.frame(this.#frame);
      this.#bytes.set(framing, bytes);
    }
    return bytes;
  }
}

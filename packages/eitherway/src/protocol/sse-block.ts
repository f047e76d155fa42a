/** One block of an event stream (WHATWG HTML, "Server-sent events"). */

export interface SseFields {
  /** Becomes the reader's last event id. */
  readonly id?: string | undefined;
  /** The event's name; without it, `message`. */
  readonly event?: string | undefined;
  /** Without it nothing is dispatched; an `id` takes effect all the same. */
  readonly data?: string;
}

/** The three line ends of an event stream. U+2028 and the like are none. */
const LINE_END = /\r\n|\r|\n/;

/**
 * Writes a block. Line ends inside `data` become lines of their own, so that no payload can end a block or name a field; a reader
 * gets each of them as LF.
 *
 * `id` and `event` have no line ends and `id` no NUL: ids and checked event names never do. The space after each colon is
 * the one that readers take away, so a value may begin with one.
 */
export function sseBlock({ id, event, data }: SseFields): string {
  let block = "";
  if (id !== undefined) block += `id: ${id}\n`;
  if (event !== undefined) block += `event: ${event}\n`;
  if (data !== undefined) {
    for (const line of data.split(LINE_END)) block += `data: ${line}\n`;
  }
  return `${block}\n`;
}

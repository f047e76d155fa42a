/** Reads the WebSocket messages in what a server wrote: unmasked, whole RFC 6455 frames, cut anywhere by the network. */

export interface ServerFrameReader {
  /** The messages that are complete with these bytes. Throws for what a server of ours never writes. */
  feed(bytes: Uint8Array): readonly (string | Uint8Array)[];
}

const FINAL_TEXT = 0x81;
const FINAL_BINARY = 0x82;

// RFC 6455 section 5.2: the lengths that announce two and eight more bytes.
const TWO_BYTES_FOLLOW = 126;
const EIGHT_BYTES_FOLLOW = 127;
const LONGEST_HEADER = 10;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function createServerFrameReader(): ServerFrameReader {
  let rest = new Uint8Array(0);
  return {
    feed(bytes) {
      const all = new Uint8Array(rest.length + bytes.length);
      all.set(rest);
      all.set(bytes, rest.length);
      const messages: (string | Uint8Array)[] = [];
      let at = 0;
      for (;;) {
        const frame = readHeader(all, at);
        if (!frame || frame.end > all.length) break;
        const payload = all.slice(frame.start, frame.end);
        messages.push(frame.first === FINAL_TEXT ? decoder.decode(payload) : payload);
        at = frame.end;
      }
      rest = all.slice(at);
      return messages;
    },
  };
}

function readHeader(bytes: Uint8Array, at: number): { first: number; start: number; end: number } | undefined {
  const [first, second] = bytes.subarray(at, at + 2);
  if (first === undefined || second === undefined) return undefined;
  if (first !== FINAL_TEXT && first !== FINAL_BINARY) {
    throw new Error(
      `the server wrote a frame that starts with 0x${first.toString(16)}: no whole text or binary message`,
    );
  }
  const header = bytes.subarray(at, at + LONGEST_HEADER);
  const view = new DataView(header.buffer, header.byteOffset, header.length);
  if (second === TWO_BYTES_FOLLOW) {
    if (header.length < 4) return undefined;
    return { first, start: at + 4, end: at + 4 + view.getUint16(2) };
  }
  if (second === EIGHT_BYTES_FOLLOW) {
    if (header.length < LONGEST_HEADER) return undefined;
    return { first, start: at + LONGEST_HEADER, end: at + LONGEST_HEADER + Number(view.getBigUint64(2)) };
  }
  if (second > EIGHT_BYTES_FOLLOW) throw new Error("the server wrote a masked frame (RFC 6455 section 5.1 forbids it)");
  return { first, start: at + 2, end: at + 2 + second };
}

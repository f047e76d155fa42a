/**
 * The form in which Node takes bytes that many sinks share. Links of one channel are written one after the other with the same
 * object, so remembering the last one makes each outer form once per run, not once per link.
 */

/**
 * `bytes` as a Buffer over the same memory. Small ones may be part of a larger piece that others share, so where several have to wait
 * for a peer, each gets memory of its own: they must not keep the rest alive (P6).
 *
 * @param waiting bytes that the connection has already
 */
export function asBuffer(bytes: Uint8Array, waiting: number): Buffer {
  const copy = waiting > FEW_BYTES && bytes.buffer.byteLength > 2 * bytes.length;
  return copy ? asCopy(bytes) : asView(bytes);
}

/** Several one after the other, of `length` bytes together, in memory that no other connection has. */
export function joined(parts: readonly Uint8Array[], length: number, waiting: number): Buffer {
  const all = waiting > FEW_BYTES ? Buffer.allocUnsafeSlow(length) : Buffer.allocUnsafe(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** What answers and runs of one turn come to, which nothing waits for. */
const FEW_BYTES = 1024;

const asView = rememberLast((bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));

const asCopy = rememberLast((bytes) => {
  const copy = Buffer.allocUnsafeSlow(bytes.length); // Node's pool would be shared memory again
  copy.set(bytes);
  return copy;
});

/** `bytes` as one chunk of HTTP/1.1 chunked coding (RFC 9112 section 7.1). Never of zero bytes, which would end the body. */
export const asChunk = rememberLast((bytes) => {
  const size = bytes.length.toString(16);
  const chunk = Buffer.allocUnsafe(size.length + bytes.length + 2 * CRLF.length);
  chunk.write(size + CRLF, 0, "latin1");
  chunk.set(bytes, size.length + CRLF.length);
  chunk.write(CRLF, chunk.length - CRLF.length, "latin1");
  return chunk;
});

const CRLF = "\r\n";

function rememberLast(make: (bytes: Uint8Array) => Buffer): (bytes: Uint8Array) => Buffer {
  let lastBytes: Uint8Array | undefined;
  let last: Buffer | undefined;
  return (bytes) => {
    if (bytes !== lastBytes || last === undefined) {
      last = make(bytes);
      lastBytes = bytes;
    }
    return last;
  };
}

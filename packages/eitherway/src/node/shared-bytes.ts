/**
 * The form in which Node takes bytes that many sinks share. Links of one channel are written one after the other with the same
 * object, so remembering the last one makes each outer form once per run, not once per link.
 */

/** `bytes` as a Buffer over the same memory. */
export const asBuffer = rememberLast((bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));

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

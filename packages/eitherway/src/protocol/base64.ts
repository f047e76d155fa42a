/** Base64 (RFC 4648 section 4) for payload bytes in JSON frames, over the `btoa` and `atob` that every runtime has. */

const CHUNK = 0x2000; // arguments of one fromCharCode call; engines refuse far larger lists

export function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let i = 0; i < bytes.length; i += CHUNK) {
    binary += String.fromCharCode(...bytes.subarray(i, i + CHUNK));
  }
  return btoa(binary);
}

// `atob` forgives spaces and missing padding, which the parsers of other languages do not: then a frame would be legal here only.
const SHAPE = /^[A-Za-z0-9+/]*={0,2}$/;

/** The bytes of a base64 text with its padding, or `undefined` when it is not one. */
export function fromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || !SHAPE.test(text)) return undefined;
  let binary: string;
  try {
    binary = atob(text);
  } catch {
    return undefined;
  }
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

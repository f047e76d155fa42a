/**
 * Reads the WebSocket handshakes that clients really send. It says "certainly one" or "not mine", never "wrong": whatever is unusual
 * in any way, and all that is no handshake, is for `node:http` to judge, so that there is one judge of what is odd.
 */

/** What `node:http` would say of it. */
export interface ReadHandshake {
  /** In origin-form: `/eitherway?a=b`. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes of the whole head; what follows is not HTTP any more. */
  readonly length: number;
}

/** Far below what `node:http` takes, so that its limits stay its own. Browsers send half a kB, and as much again of cookies. */
const MOST_BYTES = 8 * 1024;

/**
 * The request line of RFC 9112 section 3 with the `GET` and the version of RFC 6455, and a target with only the characters of RFC 3986;
 * fields of RFC 9110 section 5: a token, and ASCII that is seen, blanks and tabs. No NUL, no lone CR or LF, no folded line fits. One test
 * of the whole, since one of each line takes twice as long.
 */
const HEAD = /^GET \/[-\w.~!$&'()*+,;=:@%/?]* HTTP\/1\.1\r\n(?:[-\w!#$%&'*+.^`|~]+:[\t -~]*\r\n){1,64}$/;

/** As browsers, Firefox, and proxies send it; RFC 9110 allows more, in any order. */
const CONNECTION = /^(?:keep-alive, ?)?upgrade$/i;

/** Fields with which a request has a body or waits for an answer before it, or that `node:http` does not give as one string. */
const UNUSUAL: ReadonlySet<string> = new Set([
  "content-length",
  "expect",
  "proxy-connection",
  "set-cookie",
  "trailer",
  "transfer-encoding",
]);

const START_LENGTH = "GET ".length;
const REST_LENGTH = " HTTP/1.1".length;
const LINE_END = "\r\n";
const HEAD_END = "\r\n\r\n";

/**
 * @param chunk the first bytes of a connection
 * @returns `undefined`: not mine. Part of a head is not mine either.
 */
export function readHandshake(chunk: Buffer): ReadHandshake | undefined {
  const text = chunk.toString("latin1", 0, MOST_BYTES);
  const end = text.indexOf(HEAD_END);
  if (end < 0) return undefined;
  const head = text.slice(0, end + LINE_END.length);
  if (!HEAD.test(head)) return undefined;
  const firstEnd = head.indexOf(LINE_END);
  const headers = readFields(head, firstEnd + LINE_END.length);
  if (headers === undefined || !isHandshake(headers)) return undefined;
  return { url: head.slice(START_LENGTH, firstEnd - REST_LENGTH), headers, length: end + HEAD_END.length };
}

/** @param head matches `HEAD`, and its fields begin at `from` */
function readFields(head: string, from: number): Record<string, string> | undefined {
  const headers: Record<string, string> = {};
  for (let at = from; at < head.length; ) {
    const colon = head.indexOf(":", at);
    const end = head.indexOf(LINE_END, colon);
    const name = head.slice(at, colon).toLowerCase();
    // Of two alike `node:http` joins some and drops others. Names that every object has (`__proto__`) are found here as well.
    if (name in headers || UNUSUAL.has(name)) return undefined;
    const value = head.slice(head[colon + 1] === " " ? colon + 2 : colon + 1, end);
    // Other blanks may stand there, but Node's parser takes some of them for a part of what `connection` says.
    if (value !== value.trim()) return undefined;
    headers[name] = value;
    at = end + LINE_END.length;
  }
  return headers;
}

function isHandshake(headers: Readonly<Record<string, string>>): boolean {
  return (
    headers.host !== undefined &&
    headers.upgrade?.toLowerCase() === "websocket" &&
    CONNECTION.test(headers.connection ?? "")
  );
}

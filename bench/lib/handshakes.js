/** The first step of clients: the requests by which they open a WebSocket or an event stream. */

/**
 * @typedef {import("./types.js").Step} Step
 * @typedef {import("./types.js").LinkVariables} LinkVariables
 */

const KEY = "dGhlIHNhbXBsZSBub25jZQ=="; // of RFC 6455; servers do not care which one
const HEAD_END = "\r\n\r\n";
const CURSOR = "{cursor}"; // put in by the load generator, when all else is there
const CURSOR_BYTES = 21;

/**
 * @param {string | ((channels: readonly string[]) => string)} path
 * @param {string} [protocol]
 * @returns {Step}
 */
export function upgrade(path, protocol) {
  const lines = [
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Key: ${KEY}`,
    ...(protocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${protocol}`]),
  ];
  const pathOf = typeof path === "string" ? () => path : path;
  return { send: ({ channels, host }) => request("GET", pathOf(channels), host, lines), as: "raw", expect: HEAD_END };
}

/**
 * @param {(channels: readonly string[]) => string} pathOf
 * @param {string} expect what the stream begins with
 * @returns {Step}
 */
export function eventStream(pathOf, expect) {
  const lines = ["Accept: text/event-stream"];
  return { send: ({ channels, host }) => request("GET", pathOf(channels), host, lines), as: "raw", expect };
}

/**
 * @param {string} path
 * @param {(link: LinkVariables) => string} bodyOf ASCII
 * @returns {(link: LinkVariables) => string}
 */
export function post(path, bodyOf) {
  return (link) => {
    const body = bodyOf(link);
    const length = body.includes(CURSOR) ? body.length - CURSOR.length + CURSOR_BYTES : body.length;
    return request("POST", path, link.host, ["Content-Type: application/json", `Content-Length: ${length}`]) + body;
  };
}

/**
 * @param {string} method
 * @param {string} path
 * @param {string} host
 * @param {readonly string[]} lines
 */
function request(method, path, host, lines) {
  return [`${method} ${path} HTTP/1.1`, `Host: ${host}`, ...lines].join("\r\n") + HEAD_END;
}

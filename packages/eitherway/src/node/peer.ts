/** Who is at the other end of a connection: directly, or as the proxies in front of us say. */
import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";

/**
 * How many proxies stand in front of this server and are trusted to have appended to `x-forwarded-for`; `false`: none, and
 * what those headers say is ignored, since any client can send them.
 */
export type TrustProxy = number | false;

/** What is asked of a request, whoever has read it. */
export type PeerRequest = Pick<IncomingMessage | Http2ServerRequest, "headers" | "socket">;

export interface Peer {
  readonly remote: string;
  readonly secure: boolean;
}

/** The peer of a request. With `n` trusted proxies it is the n-th address from the right: anything further left may be made up. */
export function peerOf(request: PeerRequest, trustProxy: TrustProxy): Peer {
  const direct = plainAddress(request.socket.remoteAddress ?? "");
  const named = isTrusting(trustProxy) ? fromRight(request.headers["x-forwarded-for"], trustProxy) : undefined;
  return { remote: named === undefined ? direct : plainAddress(named), secure: isSecure(request, trustProxy) };
}

/** Whether the peer speaks TLS, to us or to the proxy in front of us. */
export function isSecure(request: PeerRequest, trustProxy: TrustProxy): boolean {
  const protocol = isTrusting(trustProxy) ? fromRight(request.headers["x-forwarded-proto"], trustProxy) : undefined;
  if (protocol !== undefined) return protocol.toLowerCase() === "https";
  return "encrypted" in request.socket && request.socket.encrypted === true;
}

function isTrusting(trustProxy: TrustProxy): trustProxy is number {
  return trustProxy !== false && trustProxy >= 1;
}

/** The n-th item from the right; the leftmost where there are fewer (a proxy that sets instead of appending). */
function fromRight(header: string | string[] | undefined, n: number): string | undefined {
  const items = (Array.isArray(header) ? header.join(",") : (header ?? ""))
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
  return items[Math.max(0, items.length - n)];
}

const MAPPED_IPV4 = "::ffff:";

/** An IPv4 address is the same whether or not the server listens on an IPv6 socket. */
function plainAddress(address: string): string {
  return address.startsWith(MAPPED_IPV4) && address.includes(".") ? address.slice(MAPPED_IPV4.length) : address;
}

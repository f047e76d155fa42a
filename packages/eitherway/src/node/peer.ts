/** Who is at the other end of a connection: directly, or as the proxies in front of us say. */
import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import { forwarded, type TrustProxy } from "../server/index.ts";

/** What is asked of a request, whoever has read it. */
export type PeerRequest = Pick<IncomingMessage | Http2ServerRequest, "headers" | "socket">;

export interface Peer {
  readonly remote: string;
  readonly secure: boolean;
}

/** The peer of a request. With `n` trusted proxies it is the n-th address from the right: anything further left may be made up. */
export function peerOf(request: PeerRequest, trustProxy: TrustProxy): Peer {
  const address = forwarded(request.headers["x-forwarded-for"], trustProxy) ?? request.socket.remoteAddress ?? "";
  return { remote: plainAddress(address), secure: isSecure(request, trustProxy) };
}

/** Whether the peer speaks TLS, to us or to the proxy in front of us. */
export function isSecure(request: PeerRequest, trustProxy: TrustProxy): boolean {
  const protocol = forwarded(request.headers["x-forwarded-proto"], trustProxy);
  if (protocol !== undefined) return protocol.toLowerCase() === "https";
  return "encrypted" in request.socket && request.socket.encrypted === true;
}

const MAPPED_IPV4 = "::ffff:";

/** An IPv4 address is the same whether or not the server listens on an IPv6 socket. */
function plainAddress(address: string): string {
  return address.startsWith(MAPPED_IPV4) && address.includes(".") ? address.slice(MAPPED_IPV4.length) : address;
}

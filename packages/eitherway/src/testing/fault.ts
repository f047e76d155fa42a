/** What can be wrong with a connection of the fault network. */

/** `up`: from client to server; `down`: from server to client. */
export type Direction = "up" | "down";

export type Fault =
  | { readonly kind: "none" }
  /** The way is long, thin or lossy, each way alike. */
  | ({ readonly kind: "link" } & LinkShape)
  /** The connection is reset after so many more bytes of one direction, in the middle of whatever they belong to. */
  | { readonly kind: "cut"; readonly direction: Direction; readonly afterBytes: number }
  /**
   * Both ends believe in a connection that carries nothing any more: bytes and ends are swallowed. What is half-open stays so
   * under any later fault, since its bytes are gone.
   */
  | { readonly kind: "half-open" }
  /** The client takes no more than that from the server, who feels it once the kernel's buffers are full. */
  | { readonly kind: "slow-reader"; readonly bytesPerSecond: number }
  /** Bytes from the server are held until so many are there, or until the server ends the connection. */
  | { readonly kind: "buffering"; readonly bytes: number }
  /** The same by time: the first byte waits that long, and what came meanwhile goes with it. */
  | { readonly kind: "buffering"; readonly ms: number }
  /** New connections are reset; open ones go on. */
  | { readonly kind: "refuse" }
  /** New connections are taken and never answered; open ones go on. */
  | { readonly kind: "blackhole" };

/** What a link does to each of its two directions. What is left out stays as it is. */
export interface LinkShape {
  /** Every byte takes that much longer. */
  readonly delayMs?: number;
  /** And up to that on top, at random. Order stays: a late byte makes those behind it late. */
  readonly jitterMs?: number;
  readonly bytesPerSecond?: number;
  /**
   * Nothing arrives for `ms`, once in every `everyMs`, at a random moment of it. That is what the loss of a packet comes to under TCP, which sends it again
   * after 200 ms or more (RFC 6298) and holds back what came behind it: bytes are late, never missing.
   */
  readonly stall?: { readonly ms: number; readonly everyMs: number };
}

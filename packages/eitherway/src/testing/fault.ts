/** What can be wrong with a connection of the fault network. */

/** `up`: from client to server; `down`: from server to client. */
export type Direction = "up" | "down";

export type Fault =
  | { readonly kind: "none" }
  /** Each way takes that much longer; order and rate stay. */
  | { readonly kind: "delay"; readonly ms: number }
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
  /** New connections are reset; open ones go on. */
  | { readonly kind: "refuse" }
  /** New connections are taken and never answered; open ones go on. */
  | { readonly kind: "blackhole" };

/** What the proxies in front of a server say of its clients. */
import { EitherwayError } from "../protocol/index.ts";

/**
 * How many proxies stand in front of this server and are trusted to have appended to `x-forwarded-for`; `false`: none, and
 * what those headers say is ignored, since any client can send them.
 */
export type TrustProxy = number | false;

/** What a trusted proxy says in a header that each one on the way appends to; `undefined` where nobody is trusted, or none said it. */
export function forwarded(header: string | readonly string[] | undefined, trustProxy: TrustProxy): string | undefined {
  return isTrusting(trustProxy) ? fromRight(header, trustProxy) : undefined;
}

function isTrusting(trustProxy: TrustProxy): trustProxy is number {
  return trustProxy !== false && trustProxy >= 1;
}

/** The n-th item from the right; the leftmost where there are fewer (a proxy that sets instead of appending). */
function fromRight(header: string | readonly string[] | undefined, n: number): string | undefined {
  const items = (typeof header === "string" ? header : (header ?? []).join(","))
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
  return items[Math.max(0, items.length - n)];
}

/** Throws `bad-request` for what is no number of proxies. */
export function checkTrustProxy(value: TrustProxy): void {
  if (value === false || (Number.isInteger(value) && value >= 0)) return;
  throw new EitherwayError(
    "bad-request",
    `Option trustProxy is ${String(value)}; give the number of proxies in front of this server, or false.`,
  );
}

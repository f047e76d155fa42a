/** Whose address it is, as far as an address tells: what one household or office can have many of counts as one. */

/**
 * An IPv4 address as it is; of an IPv6 address the first 64 bits, since whoever has one has all 2^64 below them. Proxies write ports and
 * brackets around some, and IPv4 within IPv6: those are the same peers.
 */
export function networkOf(address: string): string {
  const bare = BRACKETED.exec(address)?.[1] ?? address;
  const v4 = IPV4.exec(bare)?.[1];
  if (v4 !== undefined) return v4;
  return bare.includes(":") ? prefixOf(bare) : bare;
}

const BRACKETED = /^\[([^\]]*)\]/;
const IPV4 = /^(?:::ffff:)?([0-9]{1,3}(?:\.[0-9]{1,3}){3})(?::[0-9]+)?$/i;

const GROUPS = 8;
const NETWORK_GROUPS = 4;
const HEX = 16;

/** `2001:db8::7` and `2001:0DB8:0:0:1::` are both of `2001:db8:0:0`. */
function prefixOf(address: string): string {
  const [left, right] = address.split("::", 2).map((part) => (part === "" ? [] : part.split(":")));
  const head = left ?? [];
  const zeros = right === undefined ? 0 : Math.max(0, GROUPS - head.length - right.length);
  const groups = [...head, ...Array.from({ length: zeros }, () => "0"), ...(right ?? [])];
  return groups
    .slice(0, NETWORK_GROUPS)
    .map((group) => Number.parseInt(group, HEX).toString(HEX))
    .join(":");
}

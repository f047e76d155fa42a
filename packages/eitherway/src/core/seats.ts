/** Who has how many links: all together, each user, each address (P6). A newcomer beyond a limit is refused; nobody is evicted. */
import { EitherwayError } from "../protocol/index.ts";
import { type Audit, peerOf } from "./audit.ts";
import type { Identity } from "./authority.ts";
import type { Limits } from "./limits.ts";
import { networkOf } from "./network-of.ts";
import type { Metrics } from "./ports.ts";

/** Whose seat it is, as far as that is known. Peers without an address (a Unix socket) are of none. */
export type Sitter = Partial<Identity>;

export interface Seats {
  /**
   * For a link, or for a connection that may become one. Every `take` has its `free`, for the same sitter.
   *
   * @throws EitherwayError `too-many-links`; then nothing is taken
   */
  take(sitter: Sitter): void;
  free(sitter: Sitter): void;
}

export function createSeats(limits: Limits, metrics: Metrics, audit: Audit): Seats {
  const users = new Map<string, number>();
  const networks = new Map<string, number>();
  let taken = 0;

  function take(sitter: Sitter): void {
    const { user, remote } = sitter;
    const network = remote ? networkOf(remote) : undefined;
    if (taken >= limits.links) throw refused(sitter, serverIsFull(limits.links));
    if (network !== undefined && (networks.get(network) ?? 0) >= limits.addressLinks) {
      metrics.count("links.refused.address");
      throw refused(sitter, addressIsFull(limits.addressLinks));
    }
    if (user !== undefined && (users.get(user) ?? 0) >= limits.userLinks) {
      metrics.count("links.refused.user");
      throw refused(sitter, userIsFull(limits.userLinks));
    }
    taken++;
    if (network !== undefined) add(networks, network, 1);
    if (user !== undefined) add(users, user, 1);
  }

  function refused(sitter: Sitter, error: EitherwayError): EitherwayError {
    metrics.count(`links.refused.${error.code}`);
    audit.refused(error, peerOf(sitter));
    return error;
  }

  return {
    take,
    free({ user, remote }) {
      taken--;
      if (remote) add(networks, networkOf(remote), -1);
      if (user !== undefined) add(users, user, -1);
    },
  };
}

/** Who has none is not remembered. */
function add(counts: Map<string, number>, name: string, by: 1 | -1): void {
  const count = (counts.get(name) ?? 0) + by;
  if (count === 0) counts.delete(name);
  else counts.set(name, count);
}

function serverIsFull(most: number): EitherwayError {
  return new EitherwayError(
    "too-many-links",
    `The server has ${most} links, which is its limit; try again later, or raise limits.links.`,
  );
}

function addressIsFull(most: number): EitherwayError {
  return new EitherwayError(
    "too-many-links",
    `There are ${most} links from this address, which is the limit; close some, or raise limits.addressLinks. Where the address is a proxy's, set trustProxy.`,
  );
}

function userIsFull(most: number): EitherwayError {
  return new EitherwayError(
    "too-many-links",
    `This user has ${most} links, which is the limit; close some, or raise limits.userLinks.`,
  );
}

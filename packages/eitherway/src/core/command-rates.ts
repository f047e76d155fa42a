/** How fast commands may come: of one client, and of one user with all his links and requests (P6, P7). */
import { EitherwayError } from "../protocol/index.ts";
import { type Audit, peerOf } from "./audit.ts";
import type { Identity } from "./authority.ts";
import type { Limits } from "./limits.ts";
import type { Clock, Metrics } from "./ports.ts";
import { createBuckets, type Rate } from "./rate.ts";

export interface CommandRates {
  readonly rate: Rate;
  /** Of what came over a link, which is answered whatever comes of it: milliseconds until more of this user may come. */
  ofLink(who: Identity, count: number): number;
  /** See `Hub.spend`. */
  ofRequest(who: Identity, count: number): void;
}

export function createCommandRates(limits: Limits, clock: Clock, metrics: Metrics, audit: Audit): CommandRates {
  const rate: Rate = { perSecond: limits.commandsPerSecond, burst: limits.commandBurst };
  const users = createBuckets(rate, clock.now);
  /** Of requests of those who have no user id. */
  const clients = createBuckets(rate, clock.now);

  return {
    rate,
    ofLink: ({ user }, count) => (user === undefined ? 0 : users.spend(user, count)),
    ofRequest(who, count) {
      const { user, client, remote = "" } = who;
      // With its address: nobody uses up the rate of another by his client id, which others may know.
      const [buckets, name] = user === undefined ? [clients, `${remote} ${client}`] : [users, user];
      const wait = buckets.waitMs(name);
      if (wait > 0) {
        metrics.count("commands.refused.rate-limited", count);
        const error = tooFast(rate, wait);
        audit.refused(error, peerOf(who));
        throw error;
      }
      buckets.spend(name, count);
    },
  };
}

/** @param after milliseconds until more may come */
export function tooFast({ perSecond, burst }: Rate, after: number): EitherwayError {
  const ms = Math.ceil(after);
  return new EitherwayError(
    "rate-limited",
    `Commands come faster than ${perSecond} in a second (${burst} at once); wait ${ms} ms, or raise limits.commandsPerSecond.`,
    { details: { after: ms } },
  );
}

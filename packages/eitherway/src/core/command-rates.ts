/** How fast commands, subscriptions and requests for history may come: of one client, and of one user with all he has open (P6, P7). */
import { EitherwayError } from "../protocol/index.ts";
import { type Audit, peerOf } from "./audit.ts";
import type { Identity } from "./authority.ts";
import type { Limits } from "./limits.ts";
import type { Clock, Metrics } from "./ports.ts";
import { createBuckets, MS_PER_SECOND, type Rate } from "./rate.ts";

export interface CommandRates {
  readonly rate: Rate;
  /** Of what came over a link, which is answered whatever comes of it: milliseconds until more of this user may come. */
  ofLink(who: Identity, count: number): number;
  /** See `Hub.spend`. */
  ofRequest(who: Identity, count: number): void;
  /**
   * Of a hello that subscribes to so many channels. Taken far into debt, so that neither a user who sends as fast as he may nor many who
   * come back at once are kept out: only who does so again and again. Throws as `ofRequest` does.
   */
  ofHello(who: Identity, channels: number): void;
}

export function createCommandRates(limits: Limits, clock: Clock, metrics: Metrics, audit: Audit): CommandRates {
  const rate: Rate = { perSecond: limits.commandsPerSecond, burst: limits.commandBurst };
  const users = createBuckets(rate, clock.now);
  /** Of requests of those who have no user id. */
  const clients = createBuckets(rate, clock.now);
  /** As long as a whole bucket takes. */
  const helloDebtMs = (rate.burst * MS_PER_SECOND) / rate.perSecond;

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
    ofHello({ user }, channels) {
      // Whoever has no user has a new client id for each hello, if he likes.
      if (user === undefined || channels === 0) return;
      const wait = users.waitMs(user) - helloDebtMs;
      if (wait > 0) {
        metrics.count("links.refused.rate-limited");
        throw tooFast(rate, wait);
      }
      users.spend(user, channels);
    },
  };
}

/** @param after milliseconds until more may come */
export function tooFast({ perSecond, burst }: Rate, after: number): EitherwayError {
  const ms = Math.ceil(after);
  return new EitherwayError(
    "rate-limited",
    `Commands, subscriptions or requests come faster than ${perSecond} in a second (${burst} at once); wait ${ms} ms, or raise limits.commandsPerSecond.`,
    { details: { after: ms } },
  );
}

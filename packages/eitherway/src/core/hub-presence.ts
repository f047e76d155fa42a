/** Presence as a hub gives it to links, doors and the application: checked, counted, and held while links live. */
import { checkChannelName, checkJsonDepth, EitherwayError, toEitherwayError, utf8Length } from "../protocol/index.ts";
import { type Identity, permit } from "./authority.ts";
import type { Broker, CommandKey } from "./broker.ts";
import type { HubPresence } from "./hub-api.ts";
import type { Limits } from "./limits.ts";
import type { Clock, Logger, Metrics, Undo } from "./ports.ts";
import type { Members, Presence, PresenceClaim } from "./presence.ts";
import type { Rules } from "./rules.ts";
import type { TimerWheel, WheelTask } from "./timer-wheel.ts";

export interface HubPresenceOptions {
  readonly broker: Pick<Broker, "presence">;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly limits: Pick<Limits, "presenceBytes">;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly rules: Rules | undefined;
  readonly leaseMs: number;
}

/** Two renewals may fail, and a third be late, before a lease ends whose link lives. */
const RENEWALS_A_LEASE = 4;

export function createHubPresence(options: HubPresenceOptions): HubPresence {
  const { clock, wheel, limits, logger, metrics, rules, leaseMs } = options;
  /** How many links of each holder live. */
  const held = new Map<string, number>();
  /** Holders whose lease counts from this turn: a link came or went. */
  let due: Set<string> | undefined;
  const renewal: WheelTask = { fire: () => renewAll() };

  function store(): Presence {
    const { presence } = options.broker;
    if (presence) return presence;
    throw new EitherwayError("bad-request", "The broker of this server keeps no presence; use one that does.");
  }

  async function set(channel: string, state: string, who: Identity, key?: CommandKey): Promise<void> {
    checkChannelName(channel);
    checkSize(channel, state);
    if (who.rights) await permit(who, channel, "presence");
    const admitted = rules ? await rules.presence(channel, state) : state;
    if (admitted !== state) checkSize(channel, admitted);
    await store().touch(channel, { ...claimOf(who, key), state: admitted }, leaseMs);
  }

  function checkSize(channel: string, state: string): void {
    const bytes = utf8Length(state);
    if (bytes > limits.presenceBytes) throw tooLarge(channel, bytes, limits.presenceBytes);
    checkJsonDepth(state);
  }

  async function leave(channel: string, who: Identity, key?: CommandKey): Promise<void> {
    checkChannelName(channel);
    rules?.checkChannel(channel);
    if (who.rights) await permit(who, channel, "presence");
    await store().leave(channel, claimOf(who, key));
  }

  async function list(channel: string): Promise<Members> {
    checkChannelName(channel);
    rules?.checkChannel(channel);
    return store().list(channel);
  }

  /** Refusals are counted, whoever asked. */
  async function counted<T>(result: Promise<T>): Promise<T> {
    try {
      return await result;
    } catch (thrown) {
      metrics.count(`presence.refused.${toEitherwayError(thrown).code}`);
      throw thrown;
    }
  }

  // --- leases ---

  function hold(who: Identity): Undo {
    const id = holderOf(who);
    held.set(id, (held.get(id) ?? 0) + 1);
    if (held.size === 1) wheel.schedule(renewal, leaseMs / RENEWALS_A_LEASE);
    renewSoon(id);
    let over = false;
    return () => {
      if (over) return;
      over = true;
      const links = held.get(id) ?? 1;
      if (links > 1) held.set(id, links - 1);
      else held.delete(id);
      if (held.size === 0) wheel.cancel(renewal);
      renewSoon(id); // the lease counts from the end of the last link
    };
  }

  /** At the end of the turn: links that come or go together are one renewal. */
  function renewSoon(id: string): void {
    if (!due) {
      due = new Set();
      clock.defer(() => {
        const ids = [...(due ?? [])];
        due = undefined;
        void renew(ids);
      });
    }
    due.add(id);
  }

  function renewAll(): void {
    if (held.size === 0) return;
    void renew([...held.keys()]);
    wheel.schedule(renewal, leaseMs / RENEWALS_A_LEASE);
  }

  /** Never rejects: the next one is tried in its time. */
  async function renew(ids: readonly string[]): Promise<void> {
    try {
      await options.broker.presence?.renew(ids, leaseMs);
    } catch (thrown) {
      metrics.count("presence.renewals.failed");
      const error = toEitherwayError(thrown);
      const { code, cause = error } = error;
      if (code === "internal") logger.error("leases were not renewed", { holders: ids.length, cause: String(cause) });
    }
  }

  return {
    set: (...given) => counted(set(...given)),
    leave: (...given) => counted(leave(...given)),
    list: (channel) => counted(list(channel)),
    hold,
  };
}

function claimOf(who: Identity, key: CommandKey | undefined): PresenceClaim {
  return { member: who.user ?? who.client, holder: holderOf(who), key };
}

/** A client id counts for its user only: nobody holds the entry of another by naming that one's client. */
function holderOf({ client, user }: Identity): string {
  return user === undefined ? client : `${client} ${user}`;
}

function tooLarge(channel: string, bytes: number, most: number): EitherwayError {
  return new EitherwayError(
    "too-large",
    `A presence state of ${bytes} bytes on ${channel} is over the limit of ${most}; raise limits.presenceBytes or publish the rest.`,
  );
}

/** The composition root: a broker, a hub and the doors, from a platform's ports and an application's options. */

import type { ChannelTypes, Contract } from "../contract/index.ts";
import {
  type Clock,
  CONTROL_BOUNDS,
  createAudit,
  createCounters,
  createHub,
  type HubStats,
  type Limits,
  type Logger,
  type Metrics,
  type Random,
  type RevocationOrder,
} from "../core/index.ts";
import {
  checkChannelName,
  checkEventName,
  checkKey,
  DEFAULT_EVENT,
  EitherwayError,
  formatId,
  type Id,
  type Payload,
  quote,
  valuePayload,
} from "../protocol/index.ts";
import type { RequestHandler } from "../transports/index.ts";
import { createAccess } from "./access.ts";
import { type Amount, readPositiveAmount } from "./amounts.ts";
import { createAuthenticator, isUserId, MOST_USER_LENGTH } from "./authenticator.ts";
import { type Authorizers, createAuthorizers } from "./authorizers.ts";
import { createChannelIndex } from "./channel-index.ts";
import { checkContract } from "./check-contract.ts";
import { type ContractCalls, createContractCalls } from "./contract-calls.ts";
import { readHistory } from "./contract-history.ts";
import { createContractRules } from "./contract-rules.ts";
import { type EitherwayOptions, readOptions } from "./options.ts";
import { createRouter } from "./router.ts";
import type { StreamProducer } from "./stream-producer.ts";
import { createStreamProducers, type StreamOptions } from "./streams.ts";

/** What a server needs from where it runs. */
export interface Platform {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Names of the platform's own options, for the sentence about unknown ones. */
  readonly optionNames?: readonly string[];
}

export interface PublishOptions {
  /** Event name. Default: `message`. */
  readonly event?: string | undefined;
  /** Idempotency key: a second publish with it inside the key window appends nothing and gets the first id (P5). */
  readonly key?: string | undefined;
  /** Default: `bytes` for a `Uint8Array`, `json` for all else. A string is sent as it is with `text`. */
  readonly kind?: Payload["kind"] | undefined;
  /** The user whose message it is, for `meta.from`: 1 to 128 characters. Default: nobody's. */
  readonly from?: string | undefined;
}

export interface RevokeOptions {
  /** For how long it is remembered: as long as a token of his may live. Default: 24 hours; at most 30 days. */
  readonly for?: Amount | undefined;
}

export interface PresenceList {
  /** Where the log of joins and leaves stands; `undefined` where there is none: nobody was here for long. */
  readonly id: Id | undefined;
  /** In the order of joining. */
  readonly members: readonly PresentMember[];
}

export interface PresentMember {
  /** User id, or client id of somebody without one. */
  readonly member: string;
  /** What the member set, as read from its JSON. */
  readonly state: unknown;
}

export interface Eitherway {
  /**
   * Appends a message; when it resolves, the message is kept (P4). `data` is taken as it is now: later changes do not show.
   *
   * @throws EitherwayError `too-large`, `bad-channel`, `bad-json`, `key-reused`, `storage-full`, `closed`, ...
   * @example
   * const { id } = await ew.publish("room/42", { text: "hi" }, { key: "order-991" });
   */
  publish(channel: string, data: unknown, options?: PublishOptions): Promise<{ readonly id: Id }>;

  /**
   * Who is in a channel, and the id in `@presence/<channel>` at which that is true.
   *
   * @throws EitherwayError `bad-channel`, or `bad-request` where the broker keeps no presence
   * @example
   * const { members } = await ew.presence("room/42");
   */
  presence(channel: string): Promise<PresenceList>;

  /**
   * Opens a stream of text below a channel, for example the answer of a model, which any number of clients read with `readStream`: from
   * its start, whenever they come. One that is over begins anew.
   *
   * @throws EitherwayError `bad-channel`, `reserved-channel`, `bad-request`, `closed`
   * @example
   * const answer = ew.stream("job/7", "answer");
   * for await (const token of model.ask(question, { signal: answer.signal })) await answer.append(token);
   * await answer.end();
   */
  stream(channel: string, name: string, options?: StreamOptions & { readonly kind?: "text" }): StreamProducer;
  /** A stream of bytes. */
  stream(
    channel: string,
    name: string,
    options: StreamOptions & { readonly kind: "bytes" },
  ): StreamProducer<Uint8Array>;

  /**
   * Takes back what a user, a token or everybody on a channel was allowed to do, on every node and within a second: links end as `revoked`,
   * and what is taken of one channel ends its subscriptions. New tokens of the user, issued later, are taken again; see
   * `Grant.issuedAt`.
   *
   * @throws EitherwayError `bad-request` where nothing is named, or nobody is identified
   * @example
   * await ew.revoke({ user: "ana" });
   * await ew.revoke({ user: "ana", channel: "room/42" }); // authorize must refuse her from now on
   */
  revoke(order: RevocationOrder, options?: RevokeOptions): Promise<void>;

  stats(): HubStats;

  /** Says `bye` to every client, which makes them come back later with their cursors, and ends. May be called again. */
  close(): Promise<void>;
}

/** An `Eitherway` and what a platform's adapter connects it with. */
export interface EitherwayParts {
  readonly eitherway: Eitherway;
  readonly handler: RequestHandler;
  readonly limits: Limits;
  /** Counters of `stats()`. */
  readonly metrics: Metrics;
  /** Where the handlers of a contract's calls go. */
  readonly calls: Pick<ContractCalls, "register">;
  /** Where the `authorize` of a channel goes. */
  readonly authorizers: Pick<Authorizers, "register">;
}

/** As long as stores keep revocations. */
const LONGEST_REVOCATION_MS = CONTROL_BOUNDS.ageMs;

/** Milliseconds for the last bytes of each link. Links whose peers do not read are cut then. */
const CLOSE_GRACE_MS = 3_000;

/**
 * Starts nothing: links come through `handler`. Throws `bad-request` for a wrong option, and what `checkContract` throws.
 *
 * @param app without it every channel is open, and every message reliable
 */
export function createEitherway(
  platform: Platform,
  options: EitherwayOptions,
  app?: Contract<ChannelTypes>,
): EitherwayParts {
  const { clock, random, logger } = platform;
  const { limits, retention, pingMs, keyWindowMs, presenceLeaseMs, access, validateOwn, auth, ...settings } =
    readOptions(options, platform.optionNames);
  const metrics = createCounters();
  const channels = app?.channels ?? {};
  checkContract(channels);
  const types = Object.values(channels);
  const index = createChannelIndex(types);
  const audit = createAudit({ sink: settings.audit, clock, logger, metrics });
  const shared = { clock, random, limits, metrics, logger };
  const broker = settings.broker({ ...shared, retention, channelRetention: readHistory(types, index), keyWindowMs });
  const rules = app && createContractRules({ types, index, validateOwn });
  const calls = createContractCalls({ index, publish });
  const authorizers = createAuthorizers(index, settings.authorize);
  const authority = createAuthenticator({ auth, authorizers, answerMs: limits.helloMs, clock, logger, audit, metrics });
  const hub = createHub({ ...shared, audit, authority, broker, pingMs, presenceLeaseMs, rules, calls: app && calls });
  const producers = createStreamProducers(hub);
  let closing: Promise<void> | undefined;

  async function close(): Promise<void> {
    audit.closed(hub.stats().links);
    await producers.close(CLOSE_GRACE_MS);
    if (hub.stats().links > 0) await flushed();
    await hub.close("drain", "The server is going away; come back in a moment.", CLOSE_GRACE_MS);
    await broker.close();
    audit.end();
  }

  /** What is kept in memory goes with the process: who is here gets what was appended before. */
  function flushed(): Promise<void> {
    return new Promise((resolve) => clock.defer(resolve)); // behind the flush that is scheduled
  }

  async function publish(channel: string, data: unknown, own: PublishOptions = {}): Promise<{ readonly id: Id }> {
    const { event = DEFAULT_EVENT, key, kind, from } = own;
    checkNotClosed();
    checkChannelName(channel);
    checkEventName(event);
    if (key !== undefined) checkKey(key);
    if (from !== undefined && !isUserId(from)) throw noUserId(from);
    const draft = { event, payload: valuePayload(data, kind), ...(from !== undefined && { from }) };
    const keyed = key === undefined ? draft : { ...draft, key: { kind: "foreign", user: "", key } as const };
    const [receipt] = await hub.publish(channel, [keyed], true);
    if (!receipt) throw new EitherwayError("internal", "The broker gave no receipt.");
    if (!receipt.ok) throw receipt.error;
    return { id: receipt.id ?? "" };
  }

  function checkNotClosed(): void {
    if (closing === undefined) return;
    throw new EitherwayError("closed", "This server was closed; publish before close().");
  }

  return {
    limits,
    metrics,
    calls,
    authorizers,
    handler: createRouter({ hub, access: createAccess(access), isClosing: () => closing !== undefined }),
    eitherway: {
      publish,
      stream(channel: string, name: string, streamOptions?: StreamOptions) {
        checkNotClosed();
        return producers.open(channel, name, streamOptions);
      },
      async presence(channel) {
        const { members, at } = await hub.presence.list(channel);
        return {
          id: at && formatId(at.epoch, at.seq),
          members: members.map(({ member, state }) => ({ member, state: JSON.parse(state) as unknown })),
        };
      },
      async revoke(order, { for: during = "24h" } = {}) {
        checkNotClosed();
        const ms = readPositiveAmount(during, "for of a revocation", "ms");
        if (ms > LONGEST_REVOCATION_MS) throw tooLong(ms);
        await hub.revoke(order, ms);
      },
      stats: () => hub.stats(),
      close() {
        closing ??= close();
        return closing;
      },
    },
  };
}

function noUserId(from: unknown): EitherwayError {
  return new EitherwayError(
    "bad-request",
    `The option from is ${quote(String(from))}; give a user id of 1 to ${MOST_USER_LENGTH} characters.`,
  );
}

function tooLong(ms: number): EitherwayError {
  return new EitherwayError("bad-request", `A revocation is to last ${ms} ms; give at most "30d".`);
}

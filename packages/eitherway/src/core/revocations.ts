/**
 * What was taken back, on every node: revocations are messages of the reserved log `@control`, which each node follows (P9).
 *
 * A node asks the log once a second besides hearing of new entries, so that it knows whether it still can. One that cannot for long
 * trusts nobody: it ends the links of those who would have to be told.
 */
import { EitherwayError, formatId, jsonPayload, type Message, quote, toEitherwayError } from "../protocol/index.ts";
import type { Audit } from "./audit.ts";
import type { Identity } from "./authority.ts";
import type { Broker } from "./broker.ts";
import { createNews } from "./news.ts";
import type { Clock, Logger, Metrics, Undo } from "./ports.ts";
import type { TimerWheel, WheelTask } from "./timer-wheel.ts";
import type { Trouble } from "./trouble.ts";

/** Who loses what. At least one of the three. */
export interface RevocationOrder {
  /** Every token of this user that was issued up to now. */
  readonly user?: string | undefined;
  /** The token of this id. */
  readonly token?: string | undefined;
  /** Only what is subscribed on this channel. Default: everything. */
  readonly channel?: string | undefined;
}

export interface Revocation extends RevocationOrder {
  /** Milliseconds since 1970 of the order. */
  readonly at: number;
  /** Milliseconds since 1970 until which it is remembered. */
  readonly until: number;
}

export interface Revocations {
  /** Resolves when it is stored and this node has acted; others do as they hear of it. */
  revoke(order: RevocationOrder, forMs: number): Promise<void>;
  /** Resolves once this node knows what was revoked before it came. */
  readonly ready: Promise<void>;
  /** Whether these rights were taken back as a whole. */
  has(who: Identity): boolean;
  /** The log was not read in the last 5 s. */
  readonly trouble: Trouble | undefined;
  /** Whether it was not for 30 s. */
  readonly isBlind: boolean;
  close(): void;
}

export interface RevocationsOptions {
  readonly broker: Pick<Broker, "publish" | "read" | "watch">;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly logger: Logger;
  readonly audit: Audit;
  readonly metrics: Metrics;
  /** Ends what a revocation takes back. @returns of how many links */
  act(revocation: Revocation): number;
  /** The log could not be read for 30 s. */
  blind(): void;
}

/** The log of orders to all nodes. No client can name it. */
export const CONTROL_LOG = "@control";
/** Events of it. */
const REVOKE = "revoke";

const DAY_MS = 24 * 60 * 60_000;

/** What a store keeps of it: tokens that live longer than this are not to be had back by revoking. */
export const CONTROL_BOUNDS = { messages: 100_000, bytes: 32 * 1024 * 1024, ageMs: 30 * DAY_MS, latestKeys: 1 };

const LOOK_MS = 1_000;
const CURRENT_MS = 5_000;
const BLIND_MS = 30_000;
const PAGE = { messages: 1_000, bytes: 1024 * 1024 };

export function createRevocations(options: RevocationsOptions): Revocations {
  const { broker, clock, wheel, logger, audit, metrics, act, blind } = options;
  const users = new Map<string, Revocation>();
  const tokens = new Map<string, Revocation>();
  /** Orders of this node that it has not read back yet, as they stand in the log. */
  const ordered = new Set<unknown>();
  const isNews = createNews(clock);
  /** What is read from now on is news, not what was done long ago. */
  let caughtUp = false;
  let cursor = "start";
  let readAt = clock.now();
  let looking: Promise<void> | undefined;
  let unwatch: Undo | undefined;
  let isBlind = false;
  let closed = false;
  const task: WheelTask = { fire: () => void lookAndGoOn() };

  // --- what is revoked ---

  function apply({ event, payload }: Message): void {
    const revocation = event === REVOKE ? readRevocation(payload.data) : undefined;
    const isOwn = ordered.delete(payload.data);
    if (!revocation || !isLasting(revocation)) return;
    const { user, token, channel } = revocation;
    if (channel === undefined && token !== undefined) remember(tokens, token, revocation);
    else if (channel === undefined && user !== undefined) remember(users, user, revocation);
    metrics.count("revocations.heard");
    const links = act(revocation);
    if (!isOwn && !caughtUp && links === 0) return;
    audit.revoked({ by: isOwn ? "application" : "another-node", user, tokenId: token, channel, links });
  }

  /** A newer one never shortens the time of an older one. */
  function remember(all: Map<string, Revocation>, name: string, revocation: Revocation): void {
    const until = Math.max(revocation.until, all.get(name)?.until ?? 0);
    all.set(name, { ...revocation, until });
  }

  function has(who: Identity): boolean {
    const { user, rights } = who;
    if (!rights) return false;
    const known = [rights.token && tokens.get(rights.token), user && users.get(user)];
    return known.some((revocation) => revocation && isLasting(revocation) && takesFrom(revocation, who) === "all");
  }

  function isLasting({ until }: Revocation): boolean {
    return until > clock.wall();
  }

  function forgetOld(): void {
    for (const all of [users, tokens]) {
      for (const [name, revocation] of all) if (!isLasting(revocation)) all.delete(name);
    }
  }

  // --- the log ---

  /** One at a time. Never rejects. */
  function look(): Promise<void> {
    looking ??= read().finally(() => {
      looking = undefined;
    });
    return looking;
  }

  async function read(): Promise<void> {
    try {
      unwatch ??= await broker.watch(CONTROL_LOG, () => void look());
      while (await readPage());
      readAt = clock.now();
      isBlind = false;
      caughtUp = true;
    } catch (thrown) {
      if (closed) return;
      metrics.count("revocations.unread");
      const { code, message } = toEitherwayError(thrown);
      if (isNews(message)) logger.warn("revocations not read", { code, message });
    }
  }

  /** Whether there may be more. */
  async function readPage(): Promise<boolean> {
    const page = await broker.read(CONTROL_LOG, cursor, PAGE);
    if (page.kind === "none") return false;
    if (page.kind === "gap") {
      // A log of another epoch is read as a whole; of one that was trimmed what is kept.
      if (cursor !== "start") logger.warn("revocations may be missing", { why: page.why });
      caughtUp = false;
      cursor = cursor === "start" ? formatId(page.head.epoch, page.head.seq) : "start";
      return true;
    }
    for (const message of page.messages) apply(message);
    const last = page.messages.at(-1);
    if (last) cursor = formatId(page.epoch, last.seq);
    return last !== undefined && last.seq < page.head.seq;
  }

  async function lookAndGoOn(): Promise<void> {
    await look();
    if (closed) return;
    forgetOld();
    if (!isBlind && clock.now() - readAt >= BLIND_MS) {
      isBlind = true;
      blind();
    }
    wheel.schedule(task, LOOK_MS);
  }

  const ready = lookAndGoOn();

  return {
    ready,
    async revoke(order, forMs) {
      const at = clock.wall();
      const { user, token, channel } = order;
      const payload = jsonPayload({ user, token, channel, at, until: at + forMs });
      ordered.add(payload.data);
      try {
        const [receipt] = await broker.publish(CONTROL_LOG, [{ event: REVOKE, payload }]);
        if (!receipt?.ok) throw receipt?.error ?? new EitherwayError("internal", "The broker gave no receipt.");
      } catch (thrown) {
        ordered.delete(payload.data);
        throw thrown;
      }
      await look();
      await look(); // one that had begun before may not have seen it
    },
    has,
    get trouble(): Trouble | undefined {
      const silentMs = clock.now() - readAt;
      if (silentMs < CURRENT_MS) return undefined;
      return { part: "revocations", since: clock.wall() - silentMs, message: "What was revoked cannot be read." };
    },
    get isBlind() {
      return isBlind;
    },
    close() {
      closed = true;
      wheel.cancel(task);
      unwatch?.();
    },
  };
}

/** What it takes back of somebody: everything, one channel, or nothing. */
export function takesFrom({ user, token, channel, at }: Revocation, who: Identity): "all" | "channel" | "nothing" {
  const { rights } = who;
  if (user !== undefined && who.user !== user) return "nothing";
  if (token !== undefined && rights?.token !== token) return "nothing";
  if (channel !== undefined) return "channel";
  if (token === undefined && rights?.issuedAt !== undefined && rights.issuedAt > at) return "nothing";
  return "all";
}

/**
 * Checks an order before it goes to every node.
 *
 * @throws EitherwayError `bad-request` for one that names nobody
 */
export function checkOrder({ user, token, channel }: RevocationOrder): void {
  for (const value of [user, token, channel]) {
    if (value !== undefined && (typeof value !== "string" || value === "")) {
      throw new EitherwayError("bad-request", `A revocation names ${quote(String(value))}; give the id as text.`);
    }
  }
  if (user !== undefined || token !== undefined || channel !== undefined) return;
  throw new EitherwayError("bad-request", "A revocation names nobody; give user, token or channel.");
}

function readRevocation(data: unknown): Revocation | undefined {
  return typeof data === "string" ? (JSON.parse(data) as Revocation) : undefined;
}

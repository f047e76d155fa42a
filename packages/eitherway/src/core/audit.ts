/** What somebody may have to account for later: who was refused, what was revoked, when the server was ended. */
import type { EitherwayError, ErrorCode } from "../protocol/index.ts";
import type { Action, Identity } from "./authority.ts";
import { causeOf } from "./cause-of.ts";
import type { Clock, Logger, Metrics } from "./ports.ts";
import { type FullAt, type Rate, spend, waitMs } from "./rate.ts";

/** Never with a token or a payload. */
export type AuditEntry = AuditRefusal | AuditRevocation | AuditClosing | AuditSuppression;

/** Takes entries in order, as they happen. What it throws, or rejects with, changes nothing for anybody. */
export type AuditSink = (entry: AuditEntry) => void | Promise<void>;

interface Audited {
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Whom it is about, as far as that is known where it happens. */
export interface AuditedPeer {
  readonly user?: string | undefined;
  /** The name that its program gave itself; `http` for a plain request. */
  readonly client?: string | undefined;
  /** Its address, as far as proxies are trusted. */
  readonly remote?: string | undefined;
  /** The id of its token. */
  readonly tokenId?: string | undefined;
}

/** Somebody did not get in, did not get to do something, or had more than his share. */
export interface AuditRefusal extends Audited, AuditedPeer {
  readonly what: "refused";
  readonly code: ErrorCode;
  /** The sentence that the peer was told. */
  readonly message: string;
  /** With `forbidden`: what was to be done, and where. */
  readonly action?: Action | undefined;
  readonly channel?: string | undefined;
}

/** Somebody lost what he was allowed to do: on this node; each one has an entry of its own. */
export interface AuditRevocation extends Audited {
  readonly what: "revoked";
  /** Who gave the order: the application on this node, by `ew.revoke`, or one on another node. */
  readonly by: "application" | "another-node";
  readonly user?: string | undefined;
  readonly tokenId?: string | undefined;
  /** Only this channel was taken. */
  readonly channel?: string | undefined;
  /** Links that were ended; with `channel`, that lost a subscription. */
  readonly links: number;
}

/** `ew.close()` was called, or the process of `eitherway serve` was told to end. */
export interface AuditClosing extends Audited {
  readonly what: "closed";
  /** Links that are told to come back later. */
  readonly links: number;
}

/** Refusals that have no entry of their own, because there were too many of their code. */
export interface AuditSuppression extends Audited {
  readonly what: "suppressed";
  readonly code: ErrorCode;
  /** How many since the last entry of this kind. */
  readonly count: number;
}

/** Where the server says what is to be audited. */
export interface Audit {
  /** At most 20 of one code at once, and one more a second; beyond, they are counted and told once a minute (P6). */
  refused(error: Pick<EitherwayError, "code" | "message">, whom: Refused): void;
  revoked(revocation: Omit<AuditRevocation, "what" | "at">): void;
  closed(links: number): void;
  /** Tells what was left out up to now. */
  end(): void;
}

export interface Refused extends AuditedPeer, Pick<AuditRefusal, "action" | "channel"> {}

export interface AuditOptions {
  /** Default: the logger, as lines of level `info` with `"audit": true`. */
  readonly sink?: AuditSink | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Enough to find a wrong setting, or whom to look for; an attacker fills no disk with one line a second. */
const REFUSALS: Rate = { perSecond: 1, burst: 20 };

const TELL_MS = 60_000;

/** Refusals of one code. */
interface Kind {
  readonly code: ErrorCode;
  fullAt: FullAt;
  leftOut: number;
}

export function createAudit({ clock, logger, metrics, sink = createLogSink(logger) }: AuditOptions): Audit {
  const kinds = new Map<ErrorCode, Kind>();
  let hasFailed = false;

  function kindOf(code: ErrorCode): Kind {
    let kind = kinds.get(code);
    if (!kind) {
      kind = { code, fullAt: 0, leftOut: 0 };
      kinds.set(code, kind);
    }
    return kind;
  }

  function leaveOut(kind: Kind): void {
    metrics.count("audit.suppressed");
    if (kind.leftOut++ === 0) clock.after(TELL_MS, () => tell(kind));
  }

  function tell(kind: Kind): void {
    const { code, leftOut: count } = kind;
    if (count === 0) return;
    kind.leftOut = 0;
    write({ what: "suppressed", at: clock.wall(), code, count });
  }

  function write(entry: AuditEntry): void {
    try {
      const written = sink(entry);
      if (written instanceof Promise) written.catch(failed);
    } catch (thrown) {
      failed(thrown);
    }
  }

  /** One line: a sink that is broken is so for every entry. */
  function failed(thrown: unknown): void {
    metrics.count("audit.failed");
    if (!hasFailed) logger.error("audit failed", { cause: causeOf(thrown) });
    hasFailed = true;
  }

  return {
    refused({ code, message }, whom) {
      const kind = kindOf(code);
      const now = clock.now();
      if (waitMs(REFUSALS, kind.fullAt, now) > 0) {
        leaveOut(kind);
        return;
      }
      kind.fullAt = spend(REFUSALS, kind.fullAt, 1, now);
      write({ what: "refused", at: clock.wall(), code, message, ...whom });
    },
    revoked: (revocation) => write({ what: "revoked", at: clock.wall(), ...revocation }),
    closed: (links) => write({ what: "closed", at: clock.wall(), links }),
    end() {
      for (const kind of kinds.values()) tell(kind);
    },
  };
}

/** For a hub by itself. */
export const NO_AUDIT: Audit = { refused() {}, revoked() {}, closed() {}, end() {} };

export function peerOf({ user, client, remote, rights }: Partial<Identity>): AuditedPeer {
  return { user, client, remote, tokenId: rights?.token };
}

function createLogSink(logger: Logger): AuditSink {
  return ({ what, at: _, ...fields }) => logger.info(what, { audit: true, ...fields });
}

/** Who somebody is and what he may do, by what the application says: the options `auth` and `authorize`, and each channel's own. */
import {
  type Action,
  type Asking,
  type Audit,
  type AuditedPeer,
  type Authority,
  type Clock,
  causeOf,
  type Identity,
  type Logger,
  type Metrics,
  type Rights,
  withoutToken,
} from "../core/index.ts";
import { EitherwayError, isEitherwayError, quote } from "../protocol/index.ts";
import type { Authorize, Authorizers, Wish } from "./authorizers.ts";
import { type Capabilities, compileCapabilities } from "./capabilities.ts";
import type { Grant } from "./grant.ts";
import { KeySetFailure } from "./key-set-failure.ts";

/**
 * Says who somebody is: `null` refuses him, for good. Throw where that cannot be said now, and he is asked to come back.
 *
 * @example
 * auth: async ({ token }) => (await sessions.find(token)) ?? null
 */
export type Authenticate = (asking: Asking) => Grant | null | undefined | Promise<Grant | null | undefined>;

export interface AuthenticatorOptions {
  /** Default: everybody may come in, without a user id. */
  readonly auth: Authenticate | undefined;
  /** All of these have to agree. */
  readonly authorizers: Pick<Authorizers, "of" | "size">;
  /** Milliseconds for an answer of `auth`, and of each `authorize`: `limits.helloMs`. */
  readonly answerMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly audit: Audit;
  readonly metrics: Metrics;
}

/** For how long an answer of `authorize` holds: DESIGN, section 4. */
const DECISION_MS = 10_000;

/** About 20 MB of the longest names. Beyond, the oldest decisions are asked for anew. */
const MOST_DECISIONS = 50_000;

interface Decision {
  readonly allowed: boolean | Promise<boolean>;
  readonly until: number;
}

export function createAuthenticator(options: AuthenticatorOptions): Authority {
  const { auth, authorizers, answerMs, clock, logger, audit, metrics } = options;
  /** By whom, channel and action; the oldest first. */
  const decisions = new Map<string, Decision>();
  let lastFailure: KeySetFailure | undefined;

  async function identify(asking: Asking): Promise<Identity> {
    const { client, remote } = asking;
    if (!auth)
      return { client, rights: { ...rightsOf({}, { client, remote, token: undefined }), areEverybodys: true } };
    const grant = await grantOf(auth, asking);
    const { user } = grant;
    return { client, ...(user !== undefined && { user }), rights: rightsOf(grant, asking) };
  }

  async function grantOf(authenticate: Authenticate, asking: Asking): Promise<Grant> {
    try {
      const grant = await inTime(authenticate(asking), tooLate);
      if (!grant) throw notAccepted(asking.token);
      checkGrant(grant, clock.wall());
      return grant;
    } catch (thrown) {
      if (isEitherwayError(thrown)) {
        if (thrown.code === "unavailable") tellUnavailable(thrown, asking.token);
        throw thrown;
      }
      logger.error("auth failed", { cause: thrown instanceof WrongGrant ? thrown.message : causeOf(thrown) });
      throw new EitherwayError(
        "unavailable",
        "Who this is cannot be said now; the server's log tells more. Try again.",
      );
    }
  }

  /** A database that hangs must not hold whoever comes, and what he sent, for ever. */
  function inTime<T>(answer: T | Promise<T>, late: (ms: number) => Error): T | Promise<T> {
    if (typeof answer !== "object" || answer === null || !("then" in answer)) return answer;
    return new Promise<T>((resolve, reject) => {
      const stop = clock.after(answerMs, () => reject(late(answerMs)));
      Promise.resolve(answer).then(resolve, reject).finally(stop);
    });
  }

  /** Of an issuer that failed, once: whoever waited for its keys is refused with the same failure. */
  function tellUnavailable({ cause, message }: EitherwayError, token: string | undefined): void {
    if (!(cause instanceof KeySetFailure)) {
      const sentence = withoutToken(message, token);
      logger.warn("auth unavailable", { cause: cause === undefined ? sentence : `${sentence} ${causeOf(cause)}` });
      return;
    }
    if (lastFailure === cause) return;
    lastFailure = cause;
    metrics.count("issuers.failed");
    logger.warn("issuer failed", { host: cause.host, cause: cause.why });
  }

  function rightsOf(grant: Grant, { client, remote, token: secret }: Omit<Asking, "header">): Rights {
    const { user, tokenId, issuedAt, expiresAt, channels } = grant;
    const capabilities = channels && compiled(channels);
    const whose = JSON.stringify([secret ?? null, user ?? null, secret === undefined ? client : null]);
    const peer = { user, client, remote, tokenId };

    function check(channel: string, action: Action): void | Promise<void> {
      const forbidden = (): EitherwayError => refused(notAllowed(channel, action), peer, channel, action);
      if (auth && user === undefined && action === "presence") throw refused(nameless(channel), peer, channel, action);
      if (capabilities && !capabilities.allows(channel, action)) throw forbidden();
      const asked = authorizers.of(channel);
      if (asked.length === 0) return undefined;
      const allowed = decide(`${whose} ${action} ${channel}`, asked, { user, client, channel, action });
      if (allowed === true) return undefined;
      if (allowed === false) throw forbidden();
      return allowed.then((one) => {
        if (!one) throw forbidden();
      });
    }

    return { token: tokenId, issuedAt, expiresAt, check };
  }

  function refused(error: EitherwayError, peer: AuditedPeer, channel: string, action: Action): EitherwayError {
    metrics.count(`forbidden.${action}`);
    audit.refused(error, { ...peer, action, channel });
    return error;
  }

  function decide(name: string, asked: readonly Authorize[], wish: Wish): boolean | Promise<boolean> {
    const known = decisions.get(name);
    if (known && known.until > clock.now()) return known.allowed;
    const allowed = askAll(asked, wish);
    keep(name, allowed);
    allowed.then(
      (one) => keepAnswer(name, allowed, one),
      () => {
        if (decisions.get(name)?.allowed === allowed) decisions.delete(name);
      },
    );
    return allowed;
  }

  async function askAll(asked: readonly Authorize[], wish: Wish): Promise<boolean> {
    try {
      for (const authorize of asked) if ((await inTime(authorize(wish), noAnswer)) !== true) return false;
      return true;
    } catch (thrown) {
      if (isEitherwayError(thrown)) throw thrown;
      const { channel, action } = wish;
      logger.error("authorize failed", {
        channel,
        action,
        cause: thrown instanceof NoAnswer ? thrown.message : causeOf(thrown),
      });
      throw new EitherwayError(
        "unavailable",
        `Whether ${quote(wish.channel)} is allowed cannot be said now; the server's log tells more. Try again.`,
      );
    }
  }

  function keep(name: string, allowed: Decision["allowed"]): void {
    decisions.delete(name);
    decisions.set(name, { allowed, until: clock.now() + DECISION_MS });
    if (decisions.size <= MOST_DECISIONS) return;
    for (const oldest of decisions.keys()) {
      decisions.delete(oldest);
      break;
    }
  }

  /** Unless it was forgotten, or asked for anew, meanwhile. */
  function keepAnswer(name: string, asked: Promise<boolean>, allowed: boolean): void {
    const known = decisions.get(name);
    if (known?.allowed === asked) decisions.set(name, { allowed, until: known.until });
  }

  return {
    get isAsked() {
      return auth !== undefined || authorizers.size > 0;
    },
    identify,
    forget: () => decisions.clear(),
  };
}

const WORDS: Readonly<Record<Action, string>> = {
  subscribe: "subscribe to",
  publish: "publish on",
  presence: "be present on",
  history: "read what is kept of",
  call: "call",
};

function notAllowed(channel: string, action: Action): EitherwayError {
  return new EitherwayError("forbidden", `To ${WORDS[action]} ${quote(channel)} is not allowed to this peer.`);
}

/** Members are shown by user id, or client id: a guest who takes a user's name for his client id would stand there as that user. */
function nameless(channel: string): EitherwayError {
  return new EitherwayError(
    "forbidden",
    `To be present on ${quote(channel)} takes a user, and this peer's token names none; have auth, or the token, give one.`,
  );
}

function compiled(channels: NonNullable<Grant["channels"]>): Capabilities {
  return isCapabilities(channels) ? channels : compileCapabilities(channels);
}

function isCapabilities(channels: NonNullable<Grant["channels"]>): channels is Capabilities {
  return typeof channels.allows === "function";
}

export const MOST_USER_LENGTH = 128;

export function isUserId(given: unknown): given is string {
  return typeof given === "string" && given !== "" && given.length <= MOST_USER_LENGTH;
}

/** Its message is ours, and says what to change. */
class WrongGrant extends TypeError {}

/** What the application's own code gives is its own, but an id that is none would be somebody else's name, or nobody's. */
function checkGrant({ user, expiresAt, issuedAt }: Grant, now: number): void {
  if (user !== undefined && !isUserId(user)) {
    throw new WrongGrant(`auth gave the user ${quote(String(user))}; give 1 to ${MOST_USER_LENGTH} characters`);
  }
  for (const time of [expiresAt, issuedAt]) {
    if (time !== undefined && !Number.isFinite(time))
      throw new WrongGrant(`auth gave the time ${String(time)}; give milliseconds`);
  }
  if (expiresAt !== undefined && expiresAt <= now) {
    throw new EitherwayError("token-expired", "The token is over; come back with a new one.");
  }
}

function notAccepted(token: string | undefined): EitherwayError {
  return new EitherwayError(
    "unauthorized",
    token === undefined ? "There is no token; give one as the client's option token." : "The token is not accepted.",
  );
}

/** Its message is ours. The peer is told what he is told of whatever fails there. */
class NoAnswer extends Error {}

function noAnswer(ms: number): Error {
  return new NoAnswer(`no answer within ${ms} ms`);
}

function tooLate(ms: number): EitherwayError {
  return new EitherwayError(
    "unavailable",
    `Who this is cannot be said now: auth did not answer within ${ms} ms. Try again.`,
  );
}

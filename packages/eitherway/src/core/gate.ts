/** Who comes in: asks the authority, and refuses whose rights were revoked. */
import { EitherwayError, toEitherwayError } from "../protocol/index.ts";
import { peerOf } from "./audit.ts";
import type { Asking, Authority, Identity } from "./authority.ts";
import {
  checkOrder,
  createRevocations,
  type RevocationOrder,
  type Revocations,
  type RevocationsOptions,
} from "./revocations.ts";
import type { Trouble } from "./trouble.ts";
import { withoutToken } from "./without-token.ts";

export interface Gate {
  /** See `Hub.identify`. */
  identify(asking: Asking): Identity | Promise<Identity>;
  /** Throws `revoked`: somebody may have been between his identification and what he was identified for. */
  check(who: Identity): void;
  /** See `Hub.revoke`. */
  revoke(order: RevocationOrder, forMs: number): Promise<void>;
  /** It does not know what is revoked: the log was not read in the last 5 s. */
  readonly trouble: Trouble | undefined;
  close(): void;
}

export interface GateOptions extends RevocationsOptions {
  readonly authority: Authority;
}

/** Of a server without an authority. */
export const OPEN_GATE: Gate = {
  identify: ({ client, remote }) => ({ client, remote }),
  check() {},
  async revoke() {
    throw identifiesNobody();
  },
  trouble: undefined,
  close() {},
};

export function createGate({ authority, ...options }: GateOptions): Gate {
  const { audit, metrics } = options;
  /** From when on it is asked. */
  let followed: Revocations | undefined;

  function follow(): Revocations {
    followed ??= createRevocations(options);
    return followed;
  }

  function check(who: Identity): void {
    if (followed?.has(who)) throw refused(revoked(), who);
  }

  async function identify(asking: Asking): Promise<Identity> {
    const revocations = follow();
    const who = await askWho(asking);
    await revocations.ready;
    if (revocations.isBlind) throw refused(blind(), who);
    check(who);
    return who;
  }

  async function askWho(asking: Asking): Promise<Identity> {
    const { client, remote, token } = asking;
    try {
      return { ...(await authority.identify(asking)), remote };
    } catch (thrown) {
      throw refused(toEitherwayError(thrown), { client, remote }, token);
    }
  }

  /** @param token what the application's sentence may quote and no log may hold */
  function refused(error: EitherwayError, whom: Partial<Identity>, token?: string): EitherwayError {
    const { code, message } = error;
    metrics.count(`identities.refused.${code}`);
    // Who cannot be identified now is not refused: he comes back.
    if (code !== "unavailable") audit.refused({ code, message: withoutToken(message, token) }, peerOf(whom));
    return error;
  }

  return {
    identify: (asking) => (authority.isAsked ? identify(asking) : OPEN_GATE.identify(asking)),
    check,
    async revoke(order, forMs) {
      checkOrder(order);
      if (!authority.isAsked) throw identifiesNobody();
      await follow().revoke(order, forMs);
    },
    get trouble() {
      return followed?.trouble;
    },
    close: () => followed?.close(),
  };
}

function identifiesNobody(): EitherwayError {
  return new EitherwayError(
    "bad-request",
    "This server identifies nobody, so nothing can be revoked; give it the option auth.",
  );
}

function revoked(): EitherwayError {
  return new EitherwayError("revoked", "What this token allowed was revoked; log in anew.");
}

function blind(): EitherwayError {
  return new EitherwayError(
    "unavailable",
    "This server cannot read what was revoked, so it trusts no token for now; try again.",
  );
}

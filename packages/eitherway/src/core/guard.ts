/** What a link of somebody who is identified has besides: permissions that are waited for, the end of its token, what is revoked. */
import {
  type Cursor,
  channelOfLog,
  EitherwayError,
  type ErrorCode,
  quote,
  toEitherwayError,
} from "../protocol/index.ts";
import { peerOf } from "./audit.ts";
import { type Identity, permit } from "./authority.ts";
import type { Hub } from "./hub-api.ts";
import { type Revocation, takesFrom } from "./revocations.ts";
import { createTokenLife } from "./token-life.ts";

/** The session as its guard sees it. */
export interface Guarded {
  /** Channels that it has subscribed to. */
  subscribed(): readonly string[];
  enter(channel: string, from: Cursor): void;
  refuse(channel: string, error: EitherwayError): void;
  /** Ends a subscription that there is, or waits. */
  unsubscribe(channel: string): void;
  /** It speaks for this identity from now on. */
  become(who: Identity): void;
  /** Its token is over in so many milliseconds. */
  warn(left: number): void;
  bye(code: ErrorCode, message: string): void;
}

export interface Guard {
  /** Channels that wait to be entered. */
  readonly waiting: number;
  /** Enters once that is permitted; refuses where it is not. */
  subscribe(channel: string, from: Cursor): void;
  /** Does not enter any more. */
  leave(channel: string): void;
  /** A newer token of the same user: everything goes on, as far as it allows. Never rejects. */
  refresh(token: string): Promise<void>;
  /** Ends what this takes back. Whether there was any. */
  revoked(revocation: Revocation): boolean;
  stop(): void;
}

/** A channel that waits to be entered. */
interface Entering {
  readonly permitted: Promise<void>;
  readonly from: Cursor;
}

/** What a guard needs of its hub. */
type GuardOwner = Pick<Hub, "identify" | "audit" | "clock" | "wheel">;

export function createGuard(hub: GuardOwner, first: Identity, session: Guarded): Guard {
  let who = first;
  let stopped = false;
  /** Newer tokens that were shown, and which of them counts. */
  let shown = 0;
  let counts = 0;
  const entering = new Map<string, Entering>();
  const life = createTokenLife({
    ...{ clock: hub.clock, wheel: hub.wheel },
    warn: session.warn,
    expired: () => session.bye("token-expired", "The token of this link is over; come back with a new one."),
  });

  function subscribe(channel: string, from: Cursor): void {
    const permitted = permit(who, channel, "subscribe");
    if (permitted instanceof Promise) void enterWhen(permitted, channel, from);
    else session.enter(channel, from);
  }

  /** Unless the channel is left, or asked for anew, meanwhile. */
  async function enterWhen(permitted: Promise<void>, channel: string, from: Cursor): Promise<void> {
    entering.set(channel, { permitted, from });
    let error: EitherwayError | undefined;
    try {
      await permitted;
    } catch (thrown) {
      error = toEitherwayError(thrown);
    }
    if (entering.get(channel)?.permitted !== permitted) return;
    entering.delete(channel);
    if (error) session.refuse(channel, error);
    else session.enter(channel, from);
  }

  async function refresh(token: string): Promise<void> {
    const number = ++shown;
    /** One that was shown later has been found good sooner, or the link has ended. */
    const isOver = (): boolean => stopped || number < counts;
    try {
      const { client, user, remote = "" } = who;
      const next = await hub.identify({ client, token, remote, header: () => undefined });
      if (isOver()) return;
      if (next.user !== user) throw refusedOther();
      counts = number;
      become(next);
      for (const channel of session.subscribed()) void checkAgain(channel);
      for (const [channel, { from }] of [...entering]) askAgain(channel, from);
    } catch (thrown) {
      const { code, message } = toEitherwayError(thrown);
      if (!isOver()) session.bye(code, message);
    }
  }

  function refusedOther(): EitherwayError {
    const error = otherUser();
    hub.audit.refused(error, peerOf(who));
    return error;
  }

  function become(next: Identity): void {
    who = next;
    session.become(who);
    life.set(who.rights?.expiresAt);
  }

  async function checkAgain(channel: string): Promise<void> {
    const asked = who;
    try {
      await permit(asked, channel, "subscribe");
    } catch (thrown) {
      if (asked === who) takeBack(channel, toEitherwayError(thrown)); // else a newer token is asked about
    }
  }

  /** What the older token would allow does not count any more. */
  function askAgain(channel: string, from: Cursor): void {
    entering.delete(channel);
    try {
      subscribe(channel, from);
    } catch (thrown) {
      session.refuse(channel, toEitherwayError(thrown));
    }
  }

  function revoked(revocation: Revocation): boolean {
    const taken = takesFrom(revocation, who);
    if (taken === "all") session.bye("revoked", "What this link was allowed to do was revoked.");
    if (taken !== "channel") return taken === "all";
    const lost = [...session.subscribed(), ...entering.keys()].filter(
      (channel) => channelOfLog(channel) === revocation.channel,
    );
    for (const channel of lost) takeBack(channel, channelRevoked(channel));
    return lost.length > 0;
  }

  function takeBack(channel: string, error: EitherwayError): void {
    if (stopped || !(entering.has(channel) || session.subscribed().includes(channel))) return;
    session.unsubscribe(channel); // also where it only waits
    session.refuse(channel, error);
  }

  life.set(who.rights?.expiresAt);
  return {
    get waiting() {
      return entering.size;
    },
    subscribe,
    leave: (channel) => void entering.delete(channel),
    refresh,
    revoked,
    stop() {
      stopped = true;
      entering.clear();
      life.stop();
    },
  };
}

function otherUser(): EitherwayError {
  return new EitherwayError("unauthorized", "The new token is another user's; open a link of its own for that one.");
}

function channelRevoked(channel: string): EitherwayError {
  return new EitherwayError("revoked", `What this link was allowed to do on ${quote(channel)} was revoked.`);
}

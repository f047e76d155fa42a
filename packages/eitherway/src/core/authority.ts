/** Who a link or a request speaks for, and what that may do. */
import { channelOfLog } from "../protocol/index.ts";

/** What can be done with a channel. Its presence and its streams are parts of it. */
export type Action = "subscribe" | "publish" | "presence" | "history" | "call";

export const ACTIONS: readonly Action[] = ["subscribe", "publish", "presence", "history", "call"];

export interface Identity {
  /** Random id of the client, from its hello. */
  readonly client: string;
  /** User id, where somebody has established one. */
  readonly user?: string | undefined;
  /** Address of the client, where its transport knows one. */
  readonly remote?: string | undefined;
  /** Absent where nobody asks who somebody is: then everything is allowed. */
  readonly rights?: Rights | undefined;
}

/** What one token gives. */
export interface Rights {
  /** Nobody is asked who he is: somebody else has just these. Default: false. */
  readonly areEverybodys?: boolean;
  /** Its own id, by which it can be revoked. */
  readonly token?: string | undefined;
  /** Milliseconds since 1970. Without it a revocation of the user takes it for older. */
  readonly issuedAt?: number | undefined;
  /** Milliseconds since 1970 at which links with it end. Default: never. */
  readonly expiresAt?: number | undefined;
  /** A promise only where the application has to be waited for. Throws, or rejects with, `forbidden`. */
  check(channel: string, action: Action): void | Promise<void>;
}

/** What somebody says of himself. */
export interface Asking {
  readonly client: string;
  readonly token: string | undefined;
  /** Address of the client, as far as proxies are trusted. */
  readonly remote: string;
  /** A header of the request by its lower-case name. */
  header(name: string): string | undefined;
}

/** Establishes who somebody is. */
export interface Authority {
  /** Whether it has anything to say. While not, everybody may do everything. */
  readonly isAsked: boolean;
  /** Throws, or rejects with, `unauthorized`, `token-expired`, `revoked` or, where it cannot be known now, `unavailable`. */
  identify(asking: Asking): Identity | Promise<Identity>;
  /** Answers to `check` that are kept do not hold any more: something was revoked. */
  forget(): void;
}

/**
 * Whether somebody may do this with a log: a channel, its presence or one of its streams. To be asked before a broker is. A promise only
 * where it has to be waited for.
 *
 * @throws EitherwayError `forbidden`
 */
export function permit({ rights }: Identity, log: string, action: Action): void | Promise<void> {
  return rights?.check(channelOfLog(log), action);
}

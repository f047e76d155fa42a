/**
 * What a user was told, and what of it was read: a fold of notifications and read marks that comes out the same in whatever order they
 * arrive, and however often. Both ends have one, so that they count alike.
 */
export interface Notification {
  /** The id of its message: the same on every device, and for every publish with the same key. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly title: string;
  readonly body: string;
  readonly link?: string | undefined;
  /** From then on nobody is told any more. Milliseconds since 1970. */
  readonly expiresAt?: number | undefined;
}

export interface InboxItem extends Notification {
  readonly isRead: boolean;
}

/** As JSON it is what a device keeps. */
export interface Inbox {
  /** Newest first. */
  readonly items: readonly InboxItem[];
  /** Read, but not arrived yet. */
  readonly readAhead: readonly string[];
}

/** So many are kept, the newest; also so many that were read ahead. */
export const KEPT = 200;

export const EMPTY_INBOX: Inbox = { items: [], readAhead: [] };

/** @returns the same inbox, where it has that one already */
export function withNotification(inbox: Inbox, notification: Notification): Inbox {
  const { id } = notification;
  if (inbox.items.some((item) => item.id === id)) return inbox;
  const item = { ...notification, isRead: inbox.readAhead.includes(id) };
  const at = inbox.items.findIndex((other) => isNewer(item, other));
  return {
    items: inbox.items.toSpliced(at < 0 ? inbox.items.length : at, 0, item).slice(0, KEPT),
    readAhead: inbox.readAhead.filter((other) => other !== id),
  };
}

/** @returns the same inbox, where all of them were read before */
export function withRead(inbox: Inbox, ids: readonly string[]): Inbox {
  const read = new Set(ids);
  for (const { id, isRead } of inbox.items) if (isRead) read.delete(id);
  for (const id of inbox.readAhead) read.delete(id);
  if (read.size === 0) return inbox;
  const here = new Set(inbox.items.map(({ id }) => id));
  return {
    items: inbox.items.map((item) => (read.has(item.id) ? { ...item, isRead: true } : item)),
    readAhead: [...inbox.readAhead, ...[...read].filter((id) => !here.has(id))].slice(-KEPT),
  };
}

/** What there is to show, newest first. */
export function shown(inbox: Inbox, now: number): readonly InboxItem[] {
  return inbox.items.filter((item) => !isExpired(item, now));
}

/** What there is to count. */
export function unread(inbox: Inbox, now: number): readonly InboxItem[] {
  return inbox.items.filter((item) => !item.isRead && !isExpired(item, now));
}

/** When something is to vanish next; `undefined`: nothing will. */
export function nextExpiry(inbox: Inbox, now: number): number | undefined {
  const times = inbox.items.flatMap(({ expiresAt }) => (expiresAt !== undefined && expiresAt > now ? [expiresAt] : []));
  return times.length > 0 ? Math.min(...times) : undefined;
}

export function isExpired({ expiresAt }: Pick<Notification, "expiresAt">, now: number): boolean {
  return expiresAt !== undefined && expiresAt <= now;
}

/** Of one moment the greater id: any rule does that all devices have. */
function isNewer(one: Notification, other: Notification): boolean {
  return one.at > other.at || (one.at === other.at && one.id > other.id);
}

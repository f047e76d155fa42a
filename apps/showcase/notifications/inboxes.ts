/** The inboxes of all users as the server counts them: it tells a count whenever it becomes another one, by whatever cause. */
import type { Clock } from "./clock.ts";
import { createExpiryTimer, type ExpiryTimer } from "./expiry-timer.ts";
import { EMPTY_INBOX, type Inbox, type Notification, unread, withNotification, withRead } from "./inbox.ts";

export interface InboxesOptions {
  readonly clock: Clock;
  /** Called in the order in which the counts were true. */
  counted(user: string, count: number): void;
}

export interface Inboxes {
  /** Whether there is room for somebody. */
  takes(user: string): boolean;
  /** @returns whether it is new */
  add(user: string, notification: Notification): boolean;
  /** @returns whether one of them was unread */
  markRead(user: string, ids: readonly string[]): boolean;
  /** Neither read nor expired. */
  isUnread(user: string, id: string): boolean;
  close(): void;
}

interface Kept {
  inbox: Inbox;
  count: number;
  readonly timer: ExpiryTimer;
}

const MOST_USERS = 10_000;

export function createInboxes({ clock, counted }: InboxesOptions): Inboxes {
  const users = new Map<string, Kept>();

  function change(user: string, make: (inbox: Inbox) => Inbox): boolean {
    const kept = users.get(user) ?? open(user);
    const before = kept.inbox;
    kept.inbox = make(before);
    if (kept.inbox === before) return false;
    kept.timer.watch(kept.inbox);
    count(user, kept);
    return true;
  }

  function open(user: string): Kept {
    const kept: Kept = { inbox: EMPTY_INBOX, count: 0, timer: createExpiryTimer(clock, () => count(user, kept)) };
    users.set(user, kept);
    return kept;
  }

  function count(user: string, kept: Kept): void {
    const now = unread(kept.inbox, clock.wall()).length;
    if (now === kept.count) return;
    kept.count = now;
    counted(user, now);
  }

  return {
    takes: (user) => users.has(user) || users.size < MOST_USERS,
    add: (user, notification) => change(user, (inbox) => withNotification(inbox, notification)),
    markRead: (user, ids) => change(user, (inbox) => withRead(inbox, ids)),
    isUnread: (user, id) => unread(users.get(user)?.inbox ?? EMPTY_INBOX, clock.wall()).some((item) => item.id === id),
    close() {
      for (const { timer } of users.values()) timer.stop();
    },
  };
}

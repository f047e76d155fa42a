/**
 * Whom to reach by Web Push: users with no device connected. Presence outlives the last connection by its lease, so somebody who has
 * just closed the laptop still counts as connected: whoever was, is looked at once more when that time is over.
 */
import type { Clock } from "./clock.ts";
import type { Notification } from "./inbox.ts";

export interface HandOffOptions {
  readonly clock: Clock;
  /** A little longer than presence outlives a connection. */
  readonly graceMs: number;
  isConnected(user: string): Promise<boolean>;
  /** Neither read nor expired. */
  isWanted(user: string, id: string): boolean;
  push(user: string, notification: Notification): Promise<void>;
}

export interface HandOff {
  /** Resolves when the first look is over, and the push if there was one. */
  offer(user: string, notification: Notification): Promise<void>;
  /** Looks no more. */
  close(): void;
}

export function createHandOff({ clock, graceMs, isConnected, isWanted, push }: HandOffOptions): HandOff {
  const looks = new Set<() => void>();

  async function look(user: string, notification: Notification): Promise<boolean> {
    if (await isConnected(user)) return false;
    if (isWanted(user, notification.id)) await push(user, notification);
    return true;
  }

  function lookLater(user: string, notification: Notification): void {
    const stop = clock.after(graceMs, () => {
      looks.delete(stop);
      void look(user, notification);
    });
    looks.add(stop);
  }

  return {
    async offer(user, notification) {
      if (!(await look(user, notification))) lookLater(user, notification);
    },
    close() {
      for (const stop of looks) stop();
      looks.clear();
    },
  };
}

/** What a device keeps over reloads and days: the inbox, and up to where of the log it has it. One text, so that they never disagree. */
import { EMPTY_INBOX, type Inbox } from "./inbox.ts";

export interface Kept {
  /** An id, or `start` before anything has come. */
  readonly cursor: string;
  readonly inbox: Inbox;
  /** As the server counted last. */
  readonly unread: number;
}

const NOTHING: Kept = { cursor: "start", inbox: EMPTY_INBOX, unread: 0 };

export function readKept(name: string): Kept {
  try {
    return { ...NOTHING, ...(JSON.parse(localStorage.getItem(name) ?? "{}") as Partial<Kept>) };
  } catch {
    return NOTHING; // the log has it all
  }
}

export function keep(name: string, kept: Kept): void {
  try {
    localStorage.setItem(name, JSON.stringify(kept));
  } catch {
    // no room, or forbidden: the next page begins where this one began
  }
}

/** The client of the notifications: one device's view of its user's inbox. */
import { createClient, readHistory } from "eitherway/client";
import { poll, sse, webSocket } from "eitherway/client/core";
import { shareTabs } from "eitherway/client/tabs";
import { createShaper } from "../frame/shaper.ts";
import { openTabHub } from "../frame/worker-scripts.ts";
import { hostClock } from "./clock.ts";
import { notifications } from "./contract.ts";
import { clearFromDesktop, showOnDesktop } from "./desktop.ts";
import { createExpiryTimer } from "./expiry-timer.ts";
import { type Inbox, type InboxItem, type Notification, shown, unread, withNotification, withRead } from "./inbox.ts";
import { keep, readKept } from "./kept-inbox.ts";
import { authorized, logIn } from "./requests.ts";
import { forgetUser, user } from "./user.ts";

export interface InboxView {
  /** Newest first, without expired ones. */
  readonly items: readonly InboxItem[];
  /** As the server counts. */
  readonly unread: number;
  /** So many came while this device was not connected. */
  readonly missed: number;
}

/** The second client on a page stands for another device: it keeps for itself, and has a connection of its own. */
const isOtherDevice = new URLSearchParams(location.search).has("beside");
const STORED_AS = `notifications of ${user}${isOtherDevice ? " on a second device" : ""}`;
const HISTORY_PAGE = 500;
const FRAME_MS = 16;

/** Everything comes one way: a stream will do, and all tabs have one together. */
export const shaper = createShaper([sse, webSocket, poll]);
const tabs = shareTabs({ user: user ?? "", worker: openTabHub });
export const client = createClient(notifications, {
  url: "/notifications/eitherway",
  token: () => logIn(user ?? ""),
  transports: shaper.transports,
  share: isOtherDevice ? undefined : shaper.share(tabs),
});

const kept = readKept(STORED_AS);
const channel = client.channel("inbox", { user: user ?? "nobody" }, { from: kept.cursor });
let inbox = kept.inbox;
let unreadCount = kept.unread;
let missed = 0;
let arrived: Notification[] = [];
let view = viewOf();
let flushing = false;
const listeners = new Set<() => void>();
const expiry = createExpiryTimer(hostClock, changed);

if (user !== undefined) follow();

function follow(): void {
  channel.on("notification", (content, { id, at, replayed }) => {
    const notification = { id, at, ...content };
    if (!change(withNotification(inbox, notification))) return;
    arrived.push(notification);
    if (replayed && kept.cursor !== "start") missed++;
  });
  channel.on("read", ({ ids }) => {
    change(withRead(inbox, ids));
    void clearFromDesktop(ids);
  });
  channel.on("unread", ({ count }) => {
    unreadCount = count;
    changed();
  });
  channel.on("live", changed); // the cursor is to be kept
  channel.on("gap", () => void readAll());
  client.on("status", ({ state }) => {
    if (state === "stopped") forgetUser(); // logged out on another device
  });
  void channel.presence.set({}); // who is here needs no push
  expiry.watch(inbox);
}

/** Continuity was lost: what the log still has. The order in which it comes together with what is new does not matter. */
async function readAll(): Promise<void> {
  let before: string | undefined;
  do {
    const page = await readHistory(client, channel.name, { before, limit: HISTORY_PAGE });
    for (const { data, meta } of page.messages) {
      if (meta.event === "notification") {
        change(withNotification(inbox, { ...(data as Notification), id: meta.id, at: meta.at }));
      }
      if (meta.event === "read") change(withRead(inbox, (data as { readonly ids: readonly string[] }).ids));
    }
    before = page.hasOlder ? page.messages[0]?.meta.id : undefined;
  } while (before !== undefined);
}

/** @returns whether it is another one */
function change(next: Inbox): boolean {
  if (next === inbox) return false;
  inbox = next;
  expiry.watch(inbox);
  changed();
  return true;
}

/** Shown, and kept, at most once a frame. */
function changed(): void {
  if (flushing) return;
  flushing = true;
  setTimeout(flush, FRAME_MS);
}

function flush(): void {
  flushing = false;
  view = viewOf();
  keep(STORED_AS, { cursor: channel.cursor, inbox, unread: unreadCount });
  const unreadIds = new Set(view.items.filter(({ isRead }) => !isRead).map(({ id }) => id));
  void showOnDesktop(arrived.filter(({ id }) => unreadIds.has(id)));
  arrived = [];
  for (const listener of listeners) listener();
}

function viewOf(): InboxView {
  return { items: shown(inbox, Date.now()), unread: unreadCount, missed };
}

/** For `useSyncExternalStore`. */
export const inboxStore = {
  read: (): InboxView => view,
  onChange(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

/** Everywhere. It shows here at once, and holds once the server has it: the call waits for a connection. */
export async function markRead(ids: readonly string[]): Promise<void> {
  change(withRead(inbox, ids));
  void clearFromDesktop(ids);
  if (ids.length > 0) await channel.call.markRead({ ids: [...ids] });
}

export async function markAllRead(): Promise<void> {
  missed = 0;
  await markRead(unread(inbox, Date.now()).map(({ id }) => id));
}

/** Ends all tabs of this browser, and what other devices have open. */
export async function logOut(): Promise<void> {
  if (user !== undefined) await authorized(user, "logout", {});
  forgetUser();
  tabs.logout();
}

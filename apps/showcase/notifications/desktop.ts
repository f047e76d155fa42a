/** The browser's own notifications: shown by a page that nobody looks at, and by the service worker when there is no page. */
import { SERVICE_WORKER, workerScript } from "../frame/worker-scripts.ts";
import type { Notification as Told } from "./inbox.ts";

/** `pushed`: also when no page is open. `shown`: by a hidden page only, since the browser has no push service to reach it by. */
export type DesktopState = "unsupported" | "default" | "denied" | "shown" | "pushed";

/** More at once would be a wall of them; the inbox has them all. */
const MOST_AT_ONCE = 3;
/** Pages hold it while somebody looks at them. */
const LOOKED_AT = "notifications are looked at";

export function initialState(): DesktopState {
  if (typeof Notification === "undefined" || !("serviceWorker" in navigator)) return "unsupported";
  return Notification.permission === "granted" ? "shown" : Notification.permission;
}

/**
 * Asks, where nobody was asked before, and subscribes at the push service of the browser. Every page does, once it may.
 *
 * @param register gives the server the subscription
 */
export async function allowDesktop(
  publicKey: string,
  register: (subscription: PushSubscriptionJSON) => Promise<unknown>,
): Promise<DesktopState> {
  if ((await Notification.requestPermission()) !== "granted") return initialState();
  await navigator.serviceWorker.register(workerScript(SERVICE_WORKER));
  try {
    const registration = await worker();
    if (!registration) return "shown";
    await register((await subscribe(registration.pushManager, publicKey)).toJSON());
    return "pushed";
  } catch {
    return "shown";
  }
}

/** The subscription that there is, unless it is for the key of an earlier server. */
async function subscribe(manager: PushManager, publicKey: string): Promise<PushSubscription> {
  const current = await manager.getSubscription();
  if (current && keyOf(current) === publicKey) return current;
  await current?.unsubscribe();
  return manager.subscribe({ userVisibleOnly: true, applicationServerKey: publicKey });
}

/** As base64url. */
function keyOf({ options }: PushSubscription): string {
  const bytes = new Uint8Array(options.applicationServerKey ?? new ArrayBuffer(0));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

/** Where nobody looks at any page of this browser. Tabs do it by the same tag, so each shows once. */
export async function showOnDesktop(told: readonly Told[]): Promise<void> {
  if (told.length === 0 || initialState() !== "shown" || (await isLookedAt())) return;
  const registration = await worker();
  for (const { id, title, body, link } of told.slice(-MOST_AT_ONCE)) {
    await registration?.showNotification(title, { body, tag: id, icon: "/mark.svg", data: { link } });
  }
}

/** Read elsewhere: nobody needs to be told any more. */
export async function clearFromDesktop(ids: readonly string[]): Promise<void> {
  const registration = initialState() === "shown" ? await worker() : undefined;
  for (const notification of (await registration?.getNotifications()) ?? []) {
    if (ids.includes(notification.tag)) notification.close();
  }
}

/** The worker of this page, once it runs; `undefined`: it was never asked for. */
async function worker(): Promise<ServiceWorkerRegistration | undefined> {
  const registration = await navigator.serviceWorker.getRegistration(SERVICE_WORKER);
  const starting = registration?.installing ?? registration?.waiting;
  if (!registration?.active && starting) {
    await new Promise<void>((resolve) => {
      starting.addEventListener("statechange", () => {
        if (starting.state === "activated" || starting.state === "redundant") resolve();
      });
    });
  }
  return registration;
}

async function isLookedAt(): Promise<boolean> {
  const { held = [] } = await navigator.locks.query();
  return held.some(({ name }) => name === LOOKED_AT);
}

/** Says so to the other tabs, for as long as it is true. */
function tellLooks(): void {
  if (document.hidden) return;
  const hidden = new Promise<void>((resolve) => {
    document.addEventListener("visibilitychange", () => resolve(), { once: true });
  });
  void navigator.locks.request(LOOKED_AT, { mode: "shared" }, () => hidden);
}

document.addEventListener("visibilitychange", tellLooks);
tellLooks();

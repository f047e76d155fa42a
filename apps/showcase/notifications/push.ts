/** Web Push: reaches browsers that have no page open, through the push services of their makers. */
import * as v from "valibot";
import webPush from "web-push";
import { isExpired, type Notification } from "./inbox.ts";

export interface PushOptions {
  /** The host, with its port, of a push service beside those of the browsers' makers. Others are never asked, whatever a client says. */
  readonly service?: string | undefined;
}

export interface Push {
  /** What browsers subscribe with. */
  readonly publicKey: string;
  /** A browser of a user. `false`: that is no subscription of a known service. */
  register(user: string, subscription: unknown): boolean;
  /** To all browsers of a user. Never rejects: what a service does not take is in the inbox all the same. */
  send(user: string, notification: Notification): Promise<void>;
  /** No browser of this user any more. */
  forget(user: string): void;
}

const SERVICES = /(?:^|\.)(?:fcm\.googleapis\.com|push\.services\.mozilla\.com|notify\.windows\.com|push\.apple\.com)$/;
/** Whom a service may ask about what comes from here. */
const SUBJECT = "https://github.com/";
const MOST_BROWSERS = 10; // of a user: the one that subscribed longest ago goes first
const MOST_USERS = 10_000;
const DEFAULT_TTL_S = 7 * 24 * 60 * 60; // as long as the inbox keeps it
const TIMEOUT_MS = 10_000;
/** Of the body: the whole is to fit into the 4,096 bytes that services take. */
const SHOWN_LETTERS = 200;
const MS_PER_SECOND = 1_000;

const subscriptionSchema = v.object({
  endpoint: v.pipe(v.string(), v.url(), v.startsWith("https://"), v.maxLength(1_000)),
  keys: v.object({ p256dh: v.pipe(v.string(), v.maxLength(200)), auth: v.pipe(v.string(), v.maxLength(100)) }),
});
type Subscription = v.InferOutput<typeof subscriptionSchema>;

/** With keys of its own: subscriptions end with the server. */
export function createPush({ service }: PushOptions = {}): Push {
  const keys = webPush.generateVAPIDKeys();
  /** Of each user by endpoint. */
  const browsers = new Map<string, Map<string, Subscription>>();

  function register(user: string, given: unknown): boolean {
    const { success, output } = v.safeParse(subscriptionSchema, given);
    if (!success || !isService(new URL(output.endpoint))) return false;
    const own = browsers.get(user) ?? new Map<string, Subscription>();
    if (own.size === 0 && browsers.size >= MOST_USERS) return false;
    own.delete(output.endpoint);
    own.set(output.endpoint, output);
    const [oldest] = own.keys();
    if (own.size > MOST_BROWSERS && oldest !== undefined) own.delete(oldest);
    browsers.set(user, own);
    return true;
  }

  function isService({ host, hostname }: URL): boolean {
    return host === service || SERVICES.test(hostname);
  }

  async function send(user: string, notification: Notification): Promise<void> {
    const now = Date.now();
    if (isExpired(notification, now)) return;
    const { id, title, body, link, expiresAt } = notification;
    const payload = JSON.stringify({ id, title, body: body.slice(0, SHOWN_LETTERS), link });
    const options: webPush.RequestOptions = {
      vapidDetails: { subject: SUBJECT, ...keys },
      TTL: expiresAt === undefined ? DEFAULT_TTL_S : Math.ceil((expiresAt - now) / MS_PER_SECOND),
      timeout: TIMEOUT_MS,
    };
    const own = [...(browsers.get(user)?.values() ?? [])];
    await Promise.all(own.map((subscription) => sendTo(user, subscription, payload, options)));
  }

  async function sendTo(
    user: string,
    subscription: Subscription,
    payload: string,
    options: webPush.RequestOptions,
  ): Promise<void> {
    try {
      await webPush.sendNotification(subscription, payload, options);
    } catch (thrown) {
      if (isGone(thrown)) drop(user, subscription.endpoint);
      else console.error(`A push service did not take a notification: ${String(thrown)}`);
    }
  }

  function drop(user: string, endpoint: string): void {
    const own = browsers.get(user);
    own?.delete(endpoint);
    if (own?.size === 0) browsers.delete(user);
  }

  return { publicKey: keys.publicKey, register, send, forget: (user) => void browsers.delete(user) };
}

/** The browser has unsubscribed, or the service has given it up. */
function isGone(thrown: unknown): boolean {
  return thrown instanceof webPush.WebPushError && (thrown.statusCode === 404 || thrown.statusCode === 410);
}

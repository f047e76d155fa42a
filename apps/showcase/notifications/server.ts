/** The server of the notifications: an inbox for each user, and Web Push to whoever has no device connected. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { eitherway, isEitherwayError } from "eitherway";
import * as v from "valibot";
import { answerJson, HttpError, readJson } from "../server/json-http.ts";
import { logger } from "../server/logger.ts";
import type { UseCase } from "../server/use-case.ts";
import { hostClock } from "./clock.ts";
import { notification, notifications } from "./contract.ts";
import { createHandOff } from "./hand-off.ts";
import { createInboxes } from "./inboxes.ts";
import { createLogin, LIFE_MS } from "./login.ts";
import { createPush } from "./push.ts";

/** So long a user counts as connected after the last connection ended. */
const LEASE_MS = 10_000;
/** Leases end a moment late. */
const GRACE_MS = LEASE_MS + 2_000;
const LONGEST_DELAY_MS = 60_000;
const MOST_DELAYED = 1_000;
/** As long as the inbox: who sends again after days, since he heard of no answer, stores nothing twice. */
const KEY_WINDOW = "7d";

const order = v.object({
  ...notification.entries,
  /** Sent again with the same one, it is the same notification. */
  key: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(100))),
  delayMs: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(LONGEST_DELAY_MS)), 0),
});
type Order = v.InferOutput<typeof order>;

/** @param pushService the host of a Web Push service of one's own */
export function createNotifications(pushService: string | undefined): UseCase {
  const login = createLogin();
  const push = createPush({ service: pushService });
  const kept = { presenceLeaseMs: LEASE_MS, keyWindowMs: KEY_WINDOW };
  const ew = eitherway(notifications, { logger, auth: login.auth, ...kept });
  const inboxes = createInboxes({
    clock: hostClock,
    counted: (user, count) => publishUnread(user, count).catch(report),
  });
  const handOff = createHandOff({
    clock: hostClock,
    graceMs: GRACE_MS,
    isConnected: async (user) => (await ew.presence("inbox", { user })).members.length > 0,
    isWanted: inboxes.isUnread,
    push: push.send,
  });
  const delayed = new Set<() => void>();

  ew.channel("inbox", {
    authorize: ({ user, params, action }) => user === params.user && action !== "publish",
    calls: {
      async markRead({ params, input, publish }) {
        if (inboxes.markRead(params.user, input.ids)) await publish("read", input);
      },
    },
  });

  async function publishUnread(user: string, count: number): Promise<void> {
    await ew.publish("inbox", { user }, "unread", { count });
  }

  /** Any process may do this: with a key, as often as it likes. */
  async function notify(user: string, { key, delayMs: _, ...content }: Order): Promise<{ readonly id: string }> {
    if (!inboxes.takes(user)) throw new HttpError(503, "There are too many inboxes; use another name.");
    const { id } = await ew.publish("inbox", { user }, "notification", content, { key });
    const told = { id, at: Date.now(), ...content };
    if (inboxes.add(user, told)) handOff.offer(user, told).catch(report);
    return { id };
  }

  async function send(user: string, given: unknown): Promise<unknown> {
    const { success, output, issues } = v.safeParse(order, given);
    if (!success) throw new HttpError(422, v.summarize(issues));
    if (output.delayMs === 0) return notify(user, output).catch(rethrowForHttp);
    if (delayed.size >= MOST_DELAYED) throw new HttpError(503, "Too many wait to be sent; try again in a minute.");
    const stop = hostClock.after(output.delayMs, () => {
      delayed.delete(stop);
      notify(user, output).catch(report);
    });
    delayed.add(stop);
    return { delayMs: output.delayMs };
  }

  async function logIn({ name }: { readonly name?: unknown }): Promise<unknown> {
    const token = await login.tokenFor(name);
    if (token === undefined) throw new HttpError(422, "A name has 1 to 32 letters, digits, - or _.");
    return { token };
  }

  async function logOut(user: string): Promise<void> {
    push.forget(user);
    await ew.revoke({ user }, { for: LIFE_MS });
  }

  function register(user: string, subscription: unknown): void {
    if (!push.register(user, subscription))
      throw new HttpError(422, "This is no subscription of a known push service.");
  }

  /** By method and path: what is done for whom. */
  const routes: Readonly<Record<string, (user: string, body: unknown) => unknown>> = {
    "POST /notifications/send": send,
    "POST /notifications/logout": logOut,
    "POST /notifications/push": register,
    "GET /notifications/push": () => ({ publicKey: push.publicKey }),
    "GET /notifications/links": () => ({ links: ew.stats().links }),
  };

  async function answer(route: string, request: IncomingMessage): Promise<unknown> {
    const body = request.method === "POST" ? await readJson(request) : undefined;
    if (route === LOGIN) return logIn(body ?? {});
    const user = await login.userOf(request.headers.authorization).catch(() => undefined);
    if (user === undefined) throw new HttpError(401, `Who is it? Ask for a token at ${LOGIN} and send it as Bearer.`);
    return routes[route]?.(user, body);
  }

  return {
    name: "notifications",
    ew,
    handle(request: IncomingMessage, response: ServerResponse) {
      const route = `${request.method} ${request.url?.split("?", 1)[0]}`;
      if (route !== LOGIN && !Object.hasOwn(routes, route)) return false;
      void answerJson(response, () => answer(route, request));
      return true;
    },
    close() {
      inboxes.close();
      handOff.close();
      for (const stop of delayed) stop();
    },
  };
}

const LOGIN = "POST /notifications/login";

/** What the sender can mend, such as `key-reused`. */
function rethrowForHttp(thrown: unknown): never {
  if (isEitherwayError(thrown)) throw new HttpError(409, thrown.message);
  throw thrown;
}

/** Of what nobody waits for. */
function report(thrown: unknown): void {
  console.error(thrown);
}

/** The inbox of a user, for both ends. */
import { channel, contract, latest } from "eitherway/contract";
import * as v from "valibot";
import { KEPT } from "./inbox.ts";

/** A path of this site, or another site: never `javascript:`. */
const LINK = /^(?:\/(?![/\\])|https:\/\/)/;

export const notification = v.object({
  title: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(100)),
  body: v.pipe(v.string(), v.trim(), v.maxLength(500)),
  link: v.optional(v.pipe(v.string(), v.maxLength(500), v.regex(LINK))),
  /** Milliseconds since 1970. */
  expiresAt: v.optional(v.pipe(v.number(), v.integer())),
});
/** Which notifications; each is called by the id of its message. */
const ids = v.pipe(v.array(v.pipe(v.string(), v.maxLength(64))), v.minLength(1), v.maxLength(KEPT));

export const notifications = contract({
  inbox: channel("inbox/:user", {
    events: {
      notification,
      read: v.object({ ids }),
      unread: latest(v.object({ count: v.number() }), { key: () => "count" }),
    },
    calls: { markRead: { in: v.object({ ids }), repeatable: true } },
    presence: v.object({}),
    history: { max: 10_000, age: "7d" },
  }),
});

/**
 * The channels of the chat, for both ends.
 *
 * Senders number their messages, and an edit or a removal names one by that number: it never says whose message it is, since `from`,
 * which the server sets, does. So nobody can name a message but his own, and one that waits offline can be edited as well.
 *
 * What changes messages has a channel of its own. Whoever looks at a small part of a long room needs all of it, and the messages of the
 * room have their ids without a hole, which makes the place of each in the room its number.
 */
import { channel, contract, latest, volatile } from "eitherway/contract";
import * as v from "valibot";

export const MOST_TEXT = 4_000;
/** Changes of a room that are kept. */
export const MOST_CHANGES = 1_000;

export interface Room {
  readonly id: string;
  readonly name: string;
}

export const ROOMS: readonly Room[] = [
  { id: "lobby", name: "Lobby" },
  { id: "workshop", name: "Workshop" },
  { id: "archive", name: "Archive" },
];

/** Whose room is filled at the start, to show how a long one is. */
export const LONG_ROOM = "archive";

const text = v.pipe(v.string(), v.minLength(1), v.maxLength(MOST_TEXT));
/** A message as its own user names it: of which page of his, and which of its messages. */
const which = {
  sender: v.pipe(v.string(), v.regex(/^[a-z0-9]{1,32}$/)),
  number: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
};

export const chat = contract({
  room: channel("room/:id", {
    events: { message: v.object({ ...which, text }), typing: volatile(v.object({})) },
    presence: v.object({}), // the member's id has the name
    history: { max: 1_000_000, bytes: "800mb", age: "365d" },
  }),
  changes: channel("changes/:id", {
    events: { edited: v.object({ ...which, text }), removed: v.object(which) },
    history: { max: MOST_CHANGES, age: "365d" },
  }),
  marks: channel("marks/:id", {
    events: {
      read: latest(v.object({ user: v.string(), upTo: v.string() }), { key: ({ user }) => user, every: "1s" }),
    },
    history: { age: "365d" },
  }),
});

export type Which = v.InferOutput<v.ObjectSchema<typeof which, undefined>>;
export type Message = Which & { readonly text: string };

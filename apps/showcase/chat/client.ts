/** The chat's client: what the page knows of Eitherway. */
import { createClient, type EitherwayError, type PendingPublish, readHistory } from "eitherway/client";
import { openOutbox } from "eitherway/client/outbox";
import { createHooks } from "eitherway/react";
import { useMemo } from "react";
import { createShaper } from "../frame/shaper.ts";
import { openVisitor } from "../frame/visitor.ts";
import { type Continuity, createContinuity } from "./continuity.ts";
import { chat, type Message, MOST_CHANGES, type Which } from "./contract.ts";
import type { Entry, Shown } from "./messages.ts";
import { idAt, MOST_ROWS, PAGE, type Page } from "./slice.ts";
import { createTyping, SAY_EVERY_MS, type Typing } from "./typing.ts";

export const shaper = createShaper();
export const visitor = await openVisitor("/chat/login");
export const me = visitor.user;
/** What was written and is not stored yet survives a reload; where a browser cannot keep it, it lives as long as the page. */
const store = await openOutbox({ name: `chat/${me}` }).catch(() => undefined);
export const client = createClient(chat, {
  url: "/chat/eitherway",
  token: visitor.token,
  transports: shaper.transports,
  outbox: { store },
});
const { useEvents, useLatest, usePresence } = createHooks(client);

// --- reading ---

export type Item = Entry<Message> & { readonly id: string; readonly meta: { readonly at: number } };
export type ShownItem = Shown<Item>;

/** The newest messages of a room, history joined to what comes, and all that changes messages, however old these are. */
export function useRoom(id: string) {
  const live = useEvents("room", { id }, "message", { history: PAGE, keep: MOST_ROWS });
  const all = { history: MOST_CHANGES, keep: MOST_CHANGES };
  const edited = useEvents("changes", { id }, "edited", all);
  const removed = useEvents("changes", { id }, "removed", all);
  return { live, edited: edited.items, removed: removed.items };
}

/** A page of a room: what stands before the place `before`, by an id of that room. */
export async function readPage(id: string, ofRoom: string, before: number): Promise<Page<Item>> {
  const page = await readHistory<Message>(client, `room/${id}`, { before: idAt(ofRoom, before), limit: PAGE });
  return { ...page, items: page.messages.map((message) => ({ ...message, id: message.meta.id })) };
}

/** Where the room begins. */
export async function readStart(id: string): Promise<string | undefined> {
  return (await readHistory(client, `room/${id}`, { limit: 1 })).oldest;
}

/** Who is here, and how far each has read. */
export function useOthers(id: string) {
  const members = usePresence("room", { id });
  const { values } = useLatest("marks", { id }, "read");
  return { members, marks: useMemo(() => [...values.values()].filter(({ user }) => user !== me), [values]) };
}

/** Is here for as long as somebody looks, counts what comes, and hears who is writing. */
export function enterRoom(id: string, changed: () => void): Stay {
  const room = client.channel("room", { id });
  const [proof, typing] = [createContinuity(), createTyping()];
  void room.presence.set({});
  const undos = [
    room.on("gap", proof.gap),
    room.on("message", ({ sender, number }, { from = "" }) => {
      proof.take(`${from} ${sender}`, number);
      typing.sent(from);
    }),
    room.on("typing", (_, { from = "" }) => {
      if (from !== me && typing.heard(from, Date.now())) changed();
    }),
  ];
  return {
    proof,
    typing,
    leave() {
      for (const undo of undos) undo();
      void room.presence.leave();
    },
  };
}

export interface Stay {
  readonly proof: Continuity;
  readonly typing: Typing;
  leave(): void;
}

// --- writing ---

/** This page among all of this user: its messages are counted. */
const sender = crypto.getRandomValues(new Uint32Array(2)).reduce((text, part) => text + part.toString(36), "");
let count = 0;

/** What was refused for good. */
export interface Failure {
  readonly room: string;
  readonly text: string;
  readonly why: string;
  /** Under the same key: where it was stored after all, it is not stored again. */
  again(): void;
}

export interface Outbox {
  /** Publishes without an outcome, also those that an earlier page left. */
  readonly pending: readonly PendingPublish[];
  readonly failures: readonly Failure[];
  /** All of it is on this device, and survives the page. */
  readonly isKept: boolean;
}

let outbox: Outbox = { pending: [], failures: [], isKept: store !== undefined };
const watchers = new Set<() => void>();

export const readOutbox = (): Outbox => outbox;

export function watchOutbox(changed: () => void): () => void {
  watchers.add(changed);
  return () => watchers.delete(changed);
}

/** Nothing to do about cuts here: a publish waits through them, and its key makes that it counts once. */
function attempt(room: string, text: string, publish: () => Promise<unknown>): void {
  publish().catch((error: EitherwayError) => {
    if (error.code !== "closed") failed(room, text, error, publish);
  });
  void keep();
}

let kept = 0;

async function keep(): Promise<void> {
  if (!store) return;
  const own = ++kept;
  setOutbox({ isKept: false });
  await client.ready();
  if (own === kept) setOutbox({ isKept: true });
}

function failed(room: string, text: string, { message: why }: EitherwayError, publish: () => Promise<unknown>): void {
  const again = (): void => {
    dismiss(failure);
    attempt(room, text, publish);
  };
  const failure = { room, text, why, again };
  setOutbox({ failures: [...outbox.failures, failure] });
}

export function dismiss(failure: Failure): void {
  setOutbox({ failures: outbox.failures.filter((one) => one !== failure) });
}

export function sendMessage(id: string, text: string): void {
  const message = { sender, number: ++count, text };
  const key = `${sender}-${count}`;
  attempt(id, text, () => client.channel("room", { id }).publish("message", message, { key }));
}

export function editMessage(id: string, { sender, number }: Which, text: string): void {
  attempt(id, text, () => client.channel("changes", { id }).publish("edited", { sender, number, text }));
}

export function removeMessage(id: string, { sender, number }: Which): void {
  attempt(id, "Delete a message", () => client.channel("changes", { id }).publish("removed", { sender, number }));
}

/** This user has read so far. The server keeps the newest mark of each second. */
export function markRead(id: string, upTo: string): void {
  client
    .channel("marks", { id })
    .publish("read", { user: me, upTo })
    .catch(() => {}); // the next one says it again
}

let saidAt = Number.NEGATIVE_INFINITY;

export function sayTyping(id: string): void {
  if (performance.now() - saidAt < SAY_EVERY_MS) return;
  saidAt = performance.now();
  void client.channel("room", { id }).publish("typing", {});
}

/** Of a room what waits, as if it were stored. */
export function waitingIn(id: string, pending: readonly PendingPublish[]) {
  const of = <Data>(channel: string, event: string): readonly Entry<Data>[] =>
    pending
      .filter((one) => one.channel === channel && one.event === event)
      .map(({ data }) => ({ data: data as Data, meta: { from: me } }));
  return {
    messages: of<Message>(`room/${id}`, "message"),
    edited: of<Message>(`changes/${id}`, "edited"),
    removed: of<Which>(`changes/${id}`, "removed"),
  };
}

client.on("status", () => {
  const pending = client.pending();
  if (pending.length > 0 || outbox.pending.length > 0) setOutbox({ pending });
});

/** What became of what an earlier page left. */
client.on("outcome", ({ channel, event, key, data, error }) => {
  if (event !== "message" || !error) return;
  const [, id = ""] = channel.split("/");
  const message = data as Message;
  failed(id, message.text, error, () => client.channel("room", { id }).publish("message", message, { key }));
});

function setOutbox(change: Partial<Outbox>): void {
  outbox = { ...outbox, ...change };
  for (const changed of watchers) changed();
}

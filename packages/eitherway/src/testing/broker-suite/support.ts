/** What the cases of the broker suite share: drafts, readers of pages, and a follower that keeps the promise of a cursor. */
import assert from "node:assert/strict";
import type { Batch, Broker, Draft, Page, PageLimit, Receipt, Undo } from "../../core/index.ts";
import {
  type Cursor,
  formatId,
  type Id,
  type IdParts,
  type Message,
  parseId,
  textPayload,
} from "../../protocol/index.ts";

export const CHANNEL = "room/42";
/** A page that holds everything a case has published. */
export const ALL: PageLimit = { messages: 10_000, bytes: 10_000_000 };

/** A message of text. */
export function draft(text: string, more: Partial<Draft> = {}): Draft {
  return { event: "message", payload: textPayload(text), ...more };
}

/** The n-th command of an SDK client. */
export function counted(counter: number, client = "c1", user = "ana") {
  return { key: { kind: "counted", user, client, counter } } as const;
}

/** A key that a caller over HTTP chose. */
export function foreign(key: string, user = "ana") {
  return { key: { kind: "foreign", user, key } } as const;
}

/** Publishes each text as a call of its own. */
export async function publishTexts(broker: Broker, channel: string, ...texts: readonly string[]): Promise<Id[]> {
  const ids: Id[] = [];
  for (const text of texts) ids.push(await publishOne(broker, channel, draft(text)));
  return ids;
}

/** The id of a publish that must go well. */
export async function publishOne(broker: Broker, channel: string, one: Draft): Promise<Id> {
  const [receipt] = await broker.publish(channel, [one]);
  return idOf(receipt);
}

/** The id of a receipt that must be a good one. */
export function idOf(receipt: Receipt | undefined): Id {
  if (!receipt?.ok) assert.fail(`a publish failed: ${receipt?.error.message ?? "no receipt"}`);
  return receipt.id;
}

/** The error code of a receipt that must be a bad one. */
export function codeOf(receipt: Receipt | undefined): string {
  if (!receipt || receipt.ok) assert.fail("a publish went well that must fail");
  return receipt.error.code;
}

export function partsOf(id: Id): IdParts {
  return parseId(id) ?? assert.fail(`${id} is no id`);
}

export function idBy(id: Id, steps: number): Id {
  const { epoch, seq } = partsOf(id);
  return formatId(epoch, seq + steps);
}

export async function readPage(broker: Broker, after: Cursor, limit = ALL, channel = CHANNEL) {
  const page = await broker.read(channel, after, limit);
  return page.kind === "messages" ? page : assert.fail(`a page of messages was expected, not ${nameOf(page)}`);
}

export async function readGap(broker: Broker, after: Cursor) {
  const page = await broker.read(CHANNEL, after, ALL);
  return page.kind === "gap" ? page : assert.fail(`a gap was expected, not ${nameOf(page)}`);
}

export async function readTexts(broker: Broker, after: Cursor, limit = ALL, channel = CHANNEL): Promise<string[]> {
  return textsOf((await readPage(broker, after, limit, channel)).messages);
}

export function textsOf(messages: readonly Message[]): string[] {
  return messages.map(({ payload }) => (payload.kind === "text" ? payload.data : assert.fail("a text was published")));
}

/** Text and declared hole of each message. */
export function shownOf(messages: readonly Message[]): string[] {
  return messages.map(({ skipped }, at) => `${textsOf(messages)[at]}+${skipped}`);
}

/** Whoever follows a channel as a hub does: watches, and reads what batches leave out. */
export interface Follower {
  /** In the order in which they came. */
  readonly texts: readonly string[];
  /** Resolves when that many messages have come. */
  until(count: number): Promise<void>;
  stop(): void;
}

/** Follows from `after`; a gap fails the case. */
export async function follow(broker: Broker, after: Cursor = "start", channel = CHANNEL): Promise<Follower> {
  const messages: Message[] = [];
  const heard: Batch[] = [];
  const waiting = new Set<() => void>();
  let cursor: Cursor = after;
  let stop: Undo = () => {};

  const pull = async (): Promise<void> => {
    const { epoch, messages: more } = await readPage(broker, cursor, ALL, channel);
    const fresh = more.filter(({ seq }) => seq > (messages.at(-1)?.seq ?? 0));
    messages.push(...fresh);
    const last = messages.at(-1);
    if (last) cursor = formatId(epoch, last.seq);
  };
  stop = await broker.watch(channel, (batch) => {
    heard.push(batch);
    for (const wake of waiting) wake();
  });
  await pull();

  return {
    get texts() {
      return textsOf(messages);
    },
    async until(count) {
      while (messages.length < count) {
        // Only an announcement leads to the next look: a broker that appends without a word never gets here.
        if (heard.length === 0) {
          await new Promise<void>((wake) => {
            waiting.add(wake);
          });
          waiting.clear();
        }
        heard.length = 0;
        await pull();
      }
    },
    stop,
  };
}

function nameOf(page: Page): string {
  return page.kind === "gap" ? `a gap (${page.why})` : page.kind;
}

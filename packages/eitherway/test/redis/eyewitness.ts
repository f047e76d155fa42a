/** Who publishes and subscribes while Redis fails, and what they can swear to afterwards. */
import { onTestFinished } from "vitest";
import type { Batch, Broker, Undo } from "../../src/core/index.ts";
import { type Cursor, formatId, type Id, type Message, textPayload } from "../../src/protocol/index.ts";
import { eventually } from "../support/redis/redis-server.ts";

const LIMIT = { messages: 100, bytes: 1_000_000 };
const RETRY_MS = 50;

/** A subscriber as the hub has them: what continues its cursor it takes, for all else it reads. It survives its broker. */
export interface Eyewitness {
  /** Every id that it was shown, with its text. */
  readonly saw: ReadonlyMap<Id, string>;
  /** Why there was a gap, each time. */
  readonly gaps: readonly string[];
  /** Resolves when it was shown this text. */
  until(text: string): Promise<void>;
  untilGap(): Promise<void>;
  /** Goes on from its cursor over another broker. */
  moveTo(broker: Broker): Promise<void>;
}

export async function startEyewitness(broker: Broker, channel: string): Promise<Eyewitness> {
  const saw = new Map<Id, string>();
  const gaps: string[] = [];
  let cursor: Cursor = "start";
  let stop: Undo = () => {};
  let reading: Promise<void> = Promise.resolve();

  function show(epoch: string, messages: readonly Message[]): void {
    for (const { seq, payload } of messages) {
      const id = formatId(epoch, seq);
      if (saw.has(id)) throw new Error(`${id} was shown twice`);
      saw.set(id, String(payload.data));
      cursor = id;
    }
  }

  async function hear(from: Broker, { epoch, messages }: Batch): Promise<void> {
    const [first] = messages;
    if (epoch && first && cursor === formatId(epoch, first.seq - 1)) show(epoch, messages);
    else await readOn(from);
  }

  async function readOn(from: Broker): Promise<void> {
    for (;;) {
      const page = await from.read(channel, cursor, LIMIT).catch(() => undefined);
      if (!page) {
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS)); // Redis is away
      } else if (page.kind === "gap") {
        gaps.push(page.why);
        cursor = formatId(page.head.epoch, page.head.seq);
      } else {
        if (page.kind === "none" || page.messages.length === 0) return;
        show(page.epoch, page.messages);
      }
    }
  }

  async function moveTo(next: Broker): Promise<void> {
    stop();
    stop = await next.watch(channel, (batch) => {
      reading = reading.then(() => hear(next, batch));
    });
    reading = reading.then(() => readOn(next));
    await reading;
  }

  onTestFinished(() => stop());
  await moveTo(broker);
  return {
    saw,
    gaps,
    moveTo,
    until: (text) => eventually(async () => [...saw.values()].includes(text)),
    untilGap: () => eventually(async () => gaps.length > 0),
  };
}

/** Publishes each text until it is acknowledged, under a key of its own, and says under which id. */
export async function publishAll(broker: Broker, channel: string, texts: readonly string[]): Promise<Map<Id, string>> {
  const acknowledged = new Map<Id, string>();
  for (const text of texts) {
    await eventually(async () => {
      const key = { kind: "foreign", user: "ana", key: text } as const;
      const [receipt] = await broker.publish(channel, [{ event: "message", payload: textPayload(text), key }]);
      if (receipt?.ok) acknowledged.set(receipt.id, text);
      return receipt?.ok === true;
    });
  }
  return acknowledged;
}

/** Texts that were acknowledged and that the log has no more. */
export async function lostTexts(broker: Broker, channel: string, acknowledged: ReadonlyMap<Id, string>) {
  const page = await broker.read(channel, "start", { messages: 10_000, bytes: 10_000_000 });
  if (page.kind !== "messages") throw new Error(`the log is ${page.kind}`);
  const kept = new Set(page.messages.map(({ payload }) => payload.data));
  return [...acknowledged.values()].filter((text) => !kept.has(text));
}

/** Ids under which two of them saw, or were told, something different. */
export function idsOfTwoContents(...accounts: readonly ReadonlyMap<Id, string>[]): readonly Id[] {
  const first = new Map<Id, string>();
  const doubled = new Set<Id>();
  for (const account of accounts) {
    for (const [id, text] of account) {
      if ((first.get(id) ?? text) !== text) doubled.add(id);
      first.set(id, text);
    }
  }
  return [...doubled];
}

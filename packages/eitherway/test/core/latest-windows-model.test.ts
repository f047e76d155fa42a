/** Windows of collapse keys on two nodes, with clients that lose their links and send again over any of them. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Broker, Draft, Rules } from "../../src/core/index.ts";
import { formatId } from "../../src/protocol/index.ts";
import { createSeededRandom } from "../../src/testing/index.ts";
import { createTestHub, publishFrame, type TestHub, type TestLink } from "./support.ts";

const WINDOW_MS = 100;
const CLIENTS = ["ana", "bo", "cy"];
const STEPS = 120;

/** `<key> <client> <number>`; numbers count up over everything that is published. `plain` is reliable. */
const rules: Rules = {
  admit: (_channel, _event, payload) => {
    const [key = ""] = String(payload.data).split(" ");
    if (key === "plain") return { payload, delivery: { class: "reliable" } };
    return { payload, delivery: { class: "latest", collapse: key, windowMs: WINDOW_MS } };
  },
  presence: (_channel, state) => state,
  checkChannel() {},
};

interface Sender {
  readonly name: string;
  counter: number;
  link: TestLink;
  /** Unanswered, in the order sent. */
  readonly unanswered: Map<string, string>;
}

test("the newest of each key is appended, once in a window, and every message is answered, whatever links are cut (P1, P2, P5)", async () => {
  await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 2 ** 31 }), walk), { numRuns: 40 });
}, 60_000);

async function walk(seed: number): Promise<void> {
  const random = createSeededRandom(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const { nodes, appends, log } = createNodes();
  const senders = CLIENTS.map(
    (name): Sender => ({ name, counter: 0, link: openAt(pick(nodes), name), unanswered: new Map() }),
  );
  /** The text and the id that answered it. */
  const answers: { readonly text: string; readonly id: string }[] = [];
  let number = 0;

  function publish(sender: Sender): void {
    const own = `own-${sender.name}`;
    const text = `${pick([own, own, "shared", "plain"])} ${sender.name} ${++number}`;
    const key = `${sender.name}.${++sender.counter}`;
    sender.unanswered.set(key, text);
    sender.link.send(publishFrame(key, "a", text));
  }

  function cut(sender: Sender): void {
    read(sender, random() < 0.5); // answers may be lost with the link
    sender.link.session.closed();
    sender.link = openAt(pick(nodes), sender.name);
    for (const [key, text] of sender.unanswered) sender.link.send(publishFrame(key, "a", text));
  }

  function read(sender: Sender, arrives = true): void {
    for (const frame of sender.link.readFrames()) {
      if (frame.t === "error") expect.fail(`${frame.key} ${sender.unanswered.get(frame.key ?? "")} ${frame.code}`);
      if (frame.t !== "ok" || !arrives) continue;
      const text = sender.unanswered.get(frame.key);
      if (text !== undefined) answers.push({ text, id: frame.id ?? "" });
      sender.unanswered.delete(frame.key);
    }
  }

  async function pass(ms: number): Promise<void> {
    for (const { clock } of nodes) clock.advance(ms);
    for (let i = 0; i < 3; i++) for (const { clock } of nodes) await clock.settle();
  }

  for (let step = 0; step < STEPS; step++) {
    const sender = pick(senders);
    const dice = random();
    if (dice < 0.6) publish(sender);
    else if (dice < 0.7) cut(sender);
    else if (dice < 0.9) await pass(Math.floor(random() * WINDOW_MS));
    else read(sender);
  }
  for (const sender of senders) cut(sender);
  await pass(WINDOW_MS);
  await pass(WINDOW_MS);
  for (const sender of senders) read(sender);

  expect(senders.flatMap(({ unanswered }) => [...unanswered.values()])).toEqual([]);
  const entries = await log();
  const texts = [...entries.values()];
  const numbersOf = (start: string) => texts.filter((text) => text.startsWith(start)).map(numberOf);
  for (const { name } of senders) {
    // One client's messages of one key never go back, and its reliable ones are all there, once.
    for (const key of [`own-${name}`, "shared"]) {
      const numbers = numbersOf(`${key} ${name} `);
      expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    }
    const sent = answers.map(({ text }) => text).filter((text) => text.startsWith(`own-${name} `));
    expect(numbersOf(`own-${name} `).at(-1)).toBe(sent.length === 0 ? undefined : Math.max(...sent.map(numberOf)));
    const plain = answers.map(({ text }) => text).filter((text) => text.startsWith(`plain ${name} `));
    expect(numbersOf(`plain ${name} `)).toEqual(plain.map(numberOf).sort((a, b) => a - b));
  }
  for (const { text, id } of answers) {
    const entry = entries.get(id) ?? expect.fail(`${text} was answered with ${id}, which is not there`);
    const [key, name] = text.split(" ");
    expect(entry.split(" ")[0]).toBe(key);
    if (entry.split(" ")[1] === name) expect(numberOf(entry)).toBeGreaterThanOrEqual(numberOf(text));
  }
  for (const times of appends.values()) {
    // At once, and at the end of a window: of three that follow each other, a window lies between the first and the last.
    for (const [i, at] of times.slice(2).entries()) expect(at - (times[i] ?? 0)).toBeGreaterThanOrEqual(WINDOW_MS);
  }
}

/** Two hubs over one store, and when each of them appended to each key. */
function createNodes() {
  const appends = new Map<string, number[]>();
  let memory: Broker | undefined;
  const first = createTestHub({
    rules,
    around(store) {
      memory = store;
      return watched(store, 1);
    },
  });
  const second = createTestHub({ rules, around: () => watched(memory as Broker, 2) });

  function watched(store: Broker, node: number): Broker {
    return {
      ...store,
      async publish(channel: string, drafts: readonly Draft[]) {
        const receipts = await store.publish(channel, drafts);
        for (const [i, { collapse }] of drafts.entries()) {
          const receipt = receipts[i];
          if (collapse === undefined || !receipt?.ok || receipt.repeated) continue;
          const times = appends.get(`${node} ${collapse}`) ?? [];
          appends.set(`${node} ${collapse}`, [...times, first.clock.now()]);
        }
        return receipts;
      },
    };
  }

  return {
    nodes: [first, second],
    appends,
    /** Every entry by its id. */
    async log(): Promise<ReadonlyMap<string, string>> {
      const page = await first.broker.readBefore("a", undefined, { messages: 1_000, bytes: 1_000_000 });
      return new Map(page?.messages.map(({ seq, payload }) => [formatId(page.epoch, seq), String(payload.data)]));
    },
  };
}

function openAt({ open }: TestHub, client: string): TestLink {
  return open({}, { client });
}

function numberOf(text: string): number {
  return Number(text.split(" ")[2]);
}

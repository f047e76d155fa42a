/** Many clients of all transports, each on one channel, which publish at their times: as long as answers take, and no faster. */
import { setTimeout as pause } from "node:timers/promises";
import { expect, onTestFinished } from "vitest";
import { type Client, createClient } from "../../src/client/index.node.ts";
import { isEitherwayError } from "../../src/protocol/index.ts";
import { createSeededRandom, DIALECTS, type Dialect } from "../../src/testing/index.ts";
import type { RunningNode } from "../redis/node-process.ts";
import { eventually } from "../support/redis/redis-server.ts";
import { type Books, openBooks } from "./books.ts";

export interface CrowdOptions {
  readonly url: string;
  readonly channels: number;
  /** Clients by name of their dialect, on each channel. */
  readonly perChannel: Readonly<Record<string, number>>;
}

export interface Publishing {
  readonly seed: number;
  /** By each client. */
  readonly each: number;
  /** The last publish begins no earlier than that. */
  readonly spreadMs: number;
}

export interface Crowd {
  readonly books: Books;
  readonly size: number;
  /** Publishes that are answered. */
  readonly answered: number;
  /** Publishes beyond so many wait, from now on. */
  allow(count: number): void;
  /** Resolves when so many more are answered, or all that are allowed. */
  someAnswered(count: number): Promise<void>;
  /** Rejects where one fails with anything but `outcome-unknown`. */
  publish(plan: Publishing): Promise<void>;
  /** What is on its way now, or begins before `undoubt`, may be in the log twice: Redis may forget that it has it. */
  doubt(): void;
  undoubt(): void;
  /** Publishes the last message of each channel. */
  publishLast(through?: Pick<RunningNode, "url">): Promise<void>;
  /** Resolves when everybody has seen it. */
  ended(): Promise<void>;
  /** Who waits for what, for the report of a failure. */
  waiting(): string;
}

const channelOf = (n: number): string => `room/${n}`;

const CONNECTING = 60;
/** Unanswered at once: a slow machine takes longer. So many that those who wait for their next attempt do not hold up the others. */
const OPEN = 2_000;
/** Of one client right behind each other: their order is to be kept. */
const BURST = 2;
const LAST = "last.0";

export async function startCrowd({ url, channels, perChannel }: CrowdOptions): Promise<Crowd> {
  const books = openBooks();
  const members: Member[] = [];
  const places = Array.from({ length: channels }, (_, n) =>
    DIALECTS.flatMap((dialect) =>
      Array.from({ length: perChannel[dialect.name] ?? 0 }, () => ({ dialect, channel: channelOf(n) })),
    ),
  ).flat();
  let joined = 0;
  await inParallel(CONNECTING, async () => {
    for (let place = places[joined++]; place; place = places[joined++]) members.push(await join(url, books, place));
  });

  const open = new Map<string, string>(); // channel by content
  let doubtful = false;
  let answered = 0;
  let allowed = Number.POSITIVE_INFINITY;

  async function publish(client: Client, channel: string, content: string): Promise<void> {
    open.set(content, channel);
    if (doubtful) books.uncertain(channel, content);
    try {
      const { id } = await client.channel(channel).publish(content);
      books.acked(channel, id, content);
    } catch (error) {
      if (!isEitherwayError(error) || error.code !== "outcome-unknown") throw error;
      books.uncertain(channel, content);
    }
    open.delete(content);
    answered++;
  }

  return {
    books,
    size: members.length,
    get answered() {
      return answered;
    },
    allow(count) {
      allowed = count;
    },
    async someAnswered(count) {
      const wanted = answered + count;
      await eventually(async () => answered >= Math.min(wanted, allowed));
    },
    async publish({ seed, each, spreadMs }) {
      const turns = turnsOf(members, each, createSeededRandom(seed));
      const running: Promise<unknown>[] = [];
      for (const [at, { member, contents }] of turns.entries()) {
        await pause(spreadMs / turns.length);
        if (at * BURST >= allowed || open.size >= OPEN) {
          await eventually(async () => at * BURST < allowed && open.size < OPEN);
        }
        const turn = Promise.all(contents.map((content) => publish(member.client, member.channel, content)));
        turn.catch(() => {}); // it is awaited below
        running.push(turn);
      }
      await Promise.all(running);
    },
    doubt() {
      doubtful = true;
      for (const [content, channel] of open) books.uncertain(channel, content);
    },
    undoubt() {
      doubtful = false;
    },
    async publishLast(through = { url }) {
      const writer = startClient(through.url, DIALECTS[0] ?? expect.fail("there is no dialect"), "last");
      for (let n = 0; n < channels; n++) await publish(writer, channelOf(n), LAST);
    },
    async ended() {
      await eventually(async () => members.every(({ ended }) => ended()));
    },
    waiting: () =>
      JSON.stringify({
        answered,
        open: open.size,
        oldest: [...open].slice(0, 5),
        notEnded: members.filter(({ ended }) => !ended()).length,
        someNotEnded: members
          .flatMap(({ ended, client, channel, title }) => (ended() ? [] : [{ title, channel, ...client.status }]))
          .slice(0, 3),
      }),
  };
}

interface Place {
  readonly dialect: Dialect;
  readonly channel: string;
}

interface Member {
  readonly title: string;
  readonly client: Client;
  readonly channel: string;
  /** Whether it has seen the last message of its channel. */
  ended(): boolean;
}

let people = 0;

/** Resolves once it is live. */
async function join(url: string, books: Books, { dialect, channel }: Place): Promise<Member> {
  const client = startClient(url, dialect, `user-${++people}`);
  const handle = client.channel<string>(channel);
  const reader = books.reader(dialect, channel);
  let ended = false;
  handle.on("gap", ({ head, why }) => reader.gap(head, why));
  handle.on("message", (content, { id }) => {
    reader.received(id, content);
    ended ||= content === LAST;
  });
  await new Promise<unknown>((resolve) => handle.on("live", resolve));
  return { title: `${dialect.name} of user-${people}`, client, channel, ended: () => ended };
}

function startClient(url: string, { transport, framing }: Dialect, user: string): Client {
  const client = createClient({ url, token: user, transport, framing });
  onTestFinished(() => client.close());
  return client;
}

interface Turn {
  readonly member: Member;
  readonly contents: readonly string[];
}

/** Who publishes when: each as often as all others, in an order of the seed. */
function turnsOf(members: readonly Member[], each: number, random: () => number): readonly Turn[] {
  const rounds = Math.max(1, Math.floor(each / BURST));
  const sent = new Map<number, number>();
  const order = shuffled(Array.from({ length: rounds }, () => [...members.keys()]).flat(), random);
  return order.map((at) => {
    const from = sent.get(at) ?? 0;
    const count = Math.min(BURST, each);
    sent.set(at, from + count);
    const contents = Array.from({ length: count }, (_, n) => `${at}.${from + n}`);
    return { member: members[at] as Member, contents };
  });
}

export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const all = [...items];
  for (let i = all.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [all[i], all[j]] = [all[j] as T, all[i] as T];
  }
  return all;
}

async function inParallel(count: number, work: () => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: count }, work));
}

/** What every browser has to do over every transport: the cases of the client under Node, and those that need a bad network. */
import assert from "node:assert/strict";
import { CALL_CASES } from "../../../src/testing/call-cases.ts";
import { CANCEL_CASES } from "../../../src/testing/cancel-cases.ts";
import { CLIENT_CASES, switchCases } from "../../../src/testing/client-cases.ts";
import { collect } from "../../../src/testing/collected.ts";
import { DIALECTS, type Dialect } from "../../../src/testing/dialects.ts";
import { PRESENCE_CASES } from "../../../src/testing/presence-cases.ts";
import type { CaseContext } from "../../../src/testing/transport-case.ts";

export interface PageContext extends CaseContext {
  /** Resets every connection of the page to its servers once so many more bytes came down: 0 is now. Says how many those are. */
  cut(afterBytes: number): Promise<number>;
}

export interface BrowserCase {
  /** With the dialect and the promises. */
  readonly title: string;
  readonly dialect: Dialect;
  run(context: PageContext): Promise<void>;
}

interface PageCase {
  readonly name: string;
  run(context: PageContext): Promise<void>;
}

/** A thousand publishes from outside take longer than all other cases, and say nothing about a browser. */
const TOO_MANY = /^1,000 channels/;

/** One or two of calls, of streams and of presence: what is beneath them is in the cases of the client. */
const TELLING =
  /^a call is answered|^a call that is cut off|^a call of a second client that cancels|^presence: all see/;

/** Less than a message on the wire. */
const IN_THE_MIDDLE = 40;

const PAGE_CASES: readonly PageCase[] = [
  {
    name: "after each cut the client goes on exactly where it was, while publishes go on (P1, P2, P3)",
    async run({ start, client, cut }) {
      const server = await start();
      const reader = client(server, WITHOUT_JITTER);
      const heard = collect(reader.channel("a"));
      await heard.live();
      const count = 60;
      for (let n = 0; n < count; n++) {
        await server.publish("a", n);
        if (n % 20 !== 9) continue;
        await heard.messages(n); // it is connected again, or still
        // Not always does a link end with it: some requests are sent again by the browser itself.
        await cutSomething(cut, n === 29 ? 0 : IN_THE_MIDDLE);
      }
      assert.deepEqual(await heard.messages(count), countTo(count));
      assert.deepEqual([reader.status.holes, heard.gaps.length], [0, 0]);
    },
  },
  {
    name: "publishes that a cut leaves unanswered are applied once each, in order (P5)",
    async run({ start, client, cut }) {
      const server = await start();
      const writer = client(server, WITHOUT_JITTER);
      const heard = collect(client(server, WITHOUT_JITTER).channel("a"));
      await heard.live();
      const count = 100;
      const publishing: Promise<unknown>[] = [];
      for (let n = 0; n < count; n++) {
        publishing.push(writer.channel("a").publish(n));
        if (n % 40 !== 20) continue;
        await publishing[n - 10];
        await cutSomething(cut, 0);
      }
      await Promise.all(publishing);
      assert.deepEqual(await heard.messages(count), countTo(count));
    },
  },
  {
    name: "a client that is closed leaves nothing behind at the server, and refuses what comes late (P6)",
    async run({ start, client }) {
      const server = await start();
      const leaving = client(server);
      const channel = leaving.channel("a");
      const heard = collect(channel);
      await heard.live();
      await leaving.close();
      while (server.stats().links > 0) await turn();
      const late = await channel.publish("late").catch(({ code }: { code?: unknown }) => code);
      assert.deepEqual([late, leaving.status.state], ["closed", "closed"]);
    },
  },
];

/** Between two requests a client may have no connection; there is something to cut with the next one. */
async function cutSomething(cut: (afterBytes: number) => Promise<number>, afterBytes: number): Promise<void> {
  while ((await cut(afterBytes)) === 0) await turn();
}

/** Of channels and publishes alone. */
export const LOG_CASES: readonly BrowserCase[] = DIALECTS.flatMap((dialect, n) => {
  const to = DIALECTS[(n + 2) % DIALECTS.length] as Dialect; // of another transport
  return [
    ...casesOver(
      dialect,
      [...CLIENT_CASES, ...PAGE_CASES].filter(({ name }) => !TOO_MANY.test(name)),
    ),
    ...switchCases(to).map(({ name, run }) => ({ title: `${dialect.name} to ${to.name}: ${name}`, dialect, run })),
  ];
});

export const BROWSER_CASES: readonly BrowserCase[] = [
  ...LOG_CASES,
  ...DIALECTS.flatMap((dialect) =>
    casesOver(
      dialect,
      [...CALL_CASES, ...CANCEL_CASES, ...PRESENCE_CASES].filter(({ name }) => TELLING.test(name)),
    ),
  ),
];

// --- helpers ---

function casesOver(dialect: Dialect, cases: readonly PageCase[]): readonly BrowserCase[] {
  return cases.map(({ name, run }) => ({ title: `${dialect.name}: ${name}`, dialect, run }));
}

/** A case has no herd, only time to lose. */
const WITHOUT_JITTER = { random: () => 0 };

const TURN_MS = 5;

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, TURN_MS));
}

function countTo(count: number): number[] {
  return [...new Array(count).keys()];
}

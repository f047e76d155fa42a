/** A client in trouble, and what came to it: what is lost is counted against what was stored, not against what it heard of. */
import type { FaultOutcome } from "../../instrument/index.ts";
import type { Path } from "./paths.ts";
import { sharedClock } from "./shared-clock.ts";

export interface Witness {
  /** Resolves once the channel is live. */
  readonly live: Promise<unknown>;
  /** Resolves with the time of the first message that was published after `since`; `undefined`: none came in time. */
  firstAfter(since: number, patienceMs: number): Promise<number | undefined>;
  /** Resolves once all of these are here, or the patience is over. */
  has(numbers: ReadonlySet<number>, patienceMs: number): Promise<void>;
  /** When the client first was not open after `since`. */
  noticed(since: number): number | undefined;
  count(stored: ReadonlySet<number>): Pick<FaultOutcome, "sent" | "lost" | "doubled" | "gaps">;
  close(): Promise<void>;
}

interface Numbered {
  readonly number: number;
  readonly at: number;
}

export function createWitness(path: Path, url: string, name: string): Witness {
  const client = path.createClient(url);
  const channel = client.channel<Numbered>(name, { from: "now" });
  const came = new Map<number, { readonly published: number; readonly at: number }>();
  const troubles: number[] = [];
  const looks = new Set<() => void>();
  let doubled = 0;
  let gaps = 0;

  channel.on("message", ({ number, at }) => {
    if (came.has(number)) doubled++;
    else came.set(number, { published: at, at: sharedClock.now() });
    for (const look of looks) look();
  });
  channel.on("gap", () => {
    gaps++;
  });
  client.on("status", ({ state }) => {
    if (state !== "open") troubles.push(sharedClock.now());
  });

  /** Resolves when `is` holds, or the patience is over. */
  async function until(is: () => boolean, patienceMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const undo = sharedClock.after(patienceMs, end);
      function look(): void {
        if (is()) end();
      }
      function end(): void {
        undo();
        looks.delete(look);
        resolve();
      }
      looks.add(look);
      look();
    });
  }

  return {
    live: new Promise((resolve) => channel.on("live", resolve)),
    async firstAfter(since, patienceMs) {
      const first = () => [...came.values()].find(({ published }) => published >= since);
      await until(() => first() !== undefined, patienceMs);
      return first()?.at;
    },
    has: (numbers, patienceMs) => until(() => [...numbers].every((number) => came.has(number)), patienceMs),
    noticed: (since) => troubles.find((at) => at >= since),
    count(stored) {
      const lost = [...stored].filter((number) => !came.has(number)).length;
      return { sent: stored.size, lost, doubled, gaps };
    },
    close: () => client.close(),
  };
}

export interface Source {
  /** Numbers whose storing was answered. */
  readonly stored: ReadonlySet<number>;
  stop(): void;
}

/**
 * Publishes numbers to a channel, one every so many milliseconds, until it is stopped. By plain requests: a client would wait between
 * attempts after a crash, and send what had waited all at once.
 */
export function createSource(url: string, channel: string, everyMs: number): Source {
  const stored = new Set<number>();
  let next = 0;
  const timer = setInterval(() => {
    const number = next++;
    const message: Numbered = { number, at: sharedClock.now() };
    post(`${url}/channels/${channel}`, message).then(
      (isStored) => {
        if (isStored) stored.add(number);
      },
      () => {}, // nobody is there, and nothing was stored for certain
    );
  }, everyMs);
  return { stored, stop: () => clearInterval(timer) };
}

async function post(url: string, message: Numbered): Promise<boolean> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(message) });
  await answer.arrayBuffer();
  return answer.ok;
}

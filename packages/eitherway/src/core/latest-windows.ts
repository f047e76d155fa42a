/**
 * Keeps the messages of `latest` events with a window to one for each collapse key and window, before the append.
 *
 * The first message of a key is appended at once and opens its window. What comes meanwhile is held; when the window ends, the newest is
 * appended and stands for the others, and the next window begins. The windows of one channel that last equally long end together, so that
 * what they held leaves as one run.
 */
import { EitherwayError, isRetryable, payloadBytes, quote } from "../protocol/index.ts";
import type { Draft, Receipt } from "./broker.ts";
import { fingerprint } from "./fingerprint.ts";
import type { Published } from "./hub-api.ts";
import { keyReused, ownerOf } from "./key-memory.ts";
import type { Limits } from "./limits.ts";
import type { Clock, Metrics } from "./ports.ts";
import { messageBytes } from "./run-bytes.ts";

export interface LatestWindowsOptions {
  readonly clock: Clock;
  readonly limits: Pick<Limits, "latestKeys" | "windowBytes" | "messageBytes">;
  readonly metrics: Metrics;
  /** Never rejects. */
  append(channel: string, drafts: readonly Draft[]): Promise<readonly Receipt[]>;
}

/** A message of an event of which the newest of each key counts. */
export interface LatestDraft extends Draft {
  readonly collapse: string;
}

export interface LatestWindows {
  /**
   * Holds a message until the window of its key is over: resolves with what came of it, or of the newer one that stands for it, and never
   * rejects. `undefined`: the window was not open, and is from now on; whoever asked appends the message now.
   *
   * @throws EitherwayError `unavailable` beyond `limits.windowBytes`, `key-reused`
   */
  hold(channel: string, draft: LatestDraft, windowMs: number): Promise<Published> | undefined;
  /** Appends all that is held, and holds nothing from now on. */
  close(): Promise<void>;
  /** What is held counts for this much. */
  readonly bytes: number;
}

/** The windows of one channel that last equally long. */
interface Group {
  readonly channel: string;
  readonly windowMs: number;
  /** By collapse key. */
  readonly windows: Map<string, Window>;
  stop: () => void;
}

interface Window {
  held: Held | undefined;
  /** What the window before this one came to: whoever asks again need not wait. */
  before: ReadonlyMap<string, Outcome> | undefined;
}

/** What came of the newest message of a sender. */
interface Outcome {
  readonly mark: Mark;
  readonly published: Published;
}

/** Which one it was. */
interface Mark {
  readonly order: number;
  readonly print: number;
}

/** What a window holds. */
interface Held {
  /** The newest of each sender, the newest of all last. */
  readonly drafts: Map<string, Draft>;
  readonly outcomes: Promise<ReadonlyMap<string, Outcome>>;
  readonly end: (outcomes: ReadonlyMap<string, Outcome>) => void;
  bytes: number;
}

export function createLatestWindows({ clock, limits, metrics, append }: LatestWindowsOptions): LatestWindows {
  const groups = new Map<string, Group>();
  let bytes = 0;
  let closed = false;

  function hold(channel: string, draft: LatestDraft, windowMs: number): Promise<Published> | undefined {
    if (closed || payloadBytes(draft.payload) > limits.messageBytes) return undefined;
    const { windows } = groupOf(channel, windowMs);
    const window = windows.get(draft.collapse);
    if (window) return holdIn(window, channel, draft);
    if (windows.size < limits.latestKeys) windows.set(draft.collapse, { held: undefined, before: undefined });
    else metrics.count("latest.unheld"); // more keys than are told apart: as without a window
    return undefined;
  }

  function holdIn(window: Window, channel: string, draft: LatestDraft): Promise<Published> {
    const sender = senderOf(draft);
    const known = window.before?.get(sender);
    if (known?.published.ok && !isNewer(channel, draft, known.mark)) return Promise.resolve(known.published);
    const size = messageBytes(draft);
    if (bytes > 0 && bytes + size > limits.windowBytes) throw windowsFull(channel, limits.windowBytes);
    window.held ??= createHeld();
    const { held } = window;
    const older = held.drafts.get(sender);
    if (!older || isNewer(channel, draft, markOf(older))) {
      if (older) metrics.count("latest.replaced");
      held.drafts.delete(sender);
      held.drafts.set(sender, draft); // behind the others
      count(held, size - (older ? payloadBytes(older.payload) : 0));
    } else count(held, size - payloadBytes(draft.payload)); // sent again, and overtaken by the newer one
    return held.outcomes.then((outcomes) => (outcomes.get(sender) as Outcome).published);
  }

  function groupOf(channel: string, windowMs: number): Group {
    const name = `${windowMs} ${channel}`;
    let group = groups.get(name);
    if (!group) {
      group = { channel, windowMs, windows: new Map(), stop() {} };
      groups.set(name, group);
      arm(name, group);
    }
    return group;
  }

  function arm(name: string, group: Group): void {
    group.stop = clock.after(group.windowMs, () => void end(name, group));
  }

  /** The next windows begin when everything was appended, so that a slow store is asked less, not more. */
  async function end(name: string, group: Group): Promise<void> {
    await appendHeld(group);
    if (group.windows.size === 0 || closed) groups.delete(name);
    else arm(name, group);
  }

  async function appendHeld({ channel, windows }: Group): Promise<void> {
    const ending: Held[] = [];
    for (const [collapse, window] of windows) {
      const { held } = window;
      if (held) {
        ending.push(held);
        window.held = undefined;
        void held.outcomes.then((outcomes) => {
          window.before = outcomes;
        });
      } else windows.delete(collapse); // nothing came in this window
    }
    if (ending.length > 0) await appendNewest(channel, ending);
  }

  /** Where the newest was appended long ago and only sent again, or is refused, the one before it is the newest. */
  async function appendNewest(channel: string, ending: readonly Held[]): Promise<void> {
    let open = ending.map((held) => ({ held, outcomes: new Map<string, Outcome>() }));
    while (open.length > 0) {
      const tried = open.map(({ held }) => takeNewest(held));
      const receipts = await append(
        channel,
        tried.map(({ draft }) => draft),
      );
      open = open.filter(({ held, outcomes }, i) => {
        const published = receipts[i] as Receipt;
        const { sender, draft } = tried[i] as Tried;
        outcomes.set(sender, { mark: markOf(draft), published });
        if (!standsForOthers(published) && held.drafts.size > 0) return true;
        for (const [other, replaced] of held.drafts) outcomes.set(other, { mark: markOf(replaced), published });
        if (held.drafts.size > 0) metrics.count("latest.replaced", held.drafts.size);
        count(held, -held.bytes);
        held.end(outcomes);
        return false;
      });
    }
  }

  function count(held: Held, more: number): void {
    held.bytes += more;
    bytes += more;
  }

  return {
    hold,
    async close() {
      closed = true;
      const open = [...groups.values()];
      groups.clear();
      for (const group of open) group.stop();
      await Promise.all(open.map(appendHeld));
    },
    get bytes() {
      return bytes;
    },
  };
}

interface Tried {
  readonly sender: string;
  readonly draft: Draft;
}

function takeNewest({ drafts }: Held): Tried {
  const [sender, newest] = [...drafts].at(-1) as [string, Draft];
  drafts.delete(sender);
  const replaced = [...drafts.values()].filter(({ key }) => key !== undefined);
  return { sender, draft: replaced.length === 0 ? newest : { ...newest, replaced } };
}

/** An append does, and so does a failure that may pass: whoever tries again, tries with all. */
function standsForOthers(receipt: Receipt): boolean {
  return receipt.ok ? !receipt.repeated : isRetryable(receipt.error.code);
}

function createHeld(): Held {
  let end: Held["end"] = () => {};
  const outcomes = new Promise<ReadonlyMap<string, Outcome>>((resolve) => {
    end = resolve;
  });
  return { drafts: new Map(), outcomes, end, bytes: 0 };
}

/** A client, whose newest command is all that counts; a foreign key; or the server, which uses none. */
function senderOf({ key }: Draft): string {
  return key ? ownerOf(key) : "";
}

/**
 * Than another one of its sender; what the server itself publishes always is.
 *
 * @throws EitherwayError `key-reused`
 */
function isNewer(channel: string, draft: Draft, than: Mark): boolean {
  if (!draft.key) return true;
  const { order, print } = markOf(draft);
  if (order === than.order && print !== than.print) throw keyReused(channel, draft.key);
  return order > than.order;
}

/** All messages of a foreign key are one. */
function markOf({ key, event, payload }: Draft): Mark {
  if (!key) return NO_MARK;
  return { order: key.kind === "counted" ? key.counter : 0, print: fingerprint(event, payload) };
}

const NO_MARK: Mark = { order: 0, print: 0 };

function windowsFull(channel: string, limit: number): EitherwayError {
  return new EitherwayError(
    "unavailable",
    `Messages like this one on ${quote(channel)} wait for the windows of their keys, ${limit} bytes of them already (limits.windowBytes); try again.`,
  );
}

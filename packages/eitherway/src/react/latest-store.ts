/** The newest value of each key of one event, beginning with what the log has. */
import type { Gap } from "../client/client-api.ts";
import { EitherwayError, quote } from "../protocol/index.ts";
import { type ChannelAddress, contractKey, type HooksClient, type KeyOf } from "./client-port.ts";
import { openFeed, readingError } from "./feed.ts";
import { createCell, type Store, type StoreClock } from "./store.ts";

export interface LatestView<Data = unknown> {
  /** The newest value by key. Another map after each change. */
  readonly values: ReadonlyMap<string, Data>;
  /** The values are up to date, and what comes shows at once. */
  readonly live: boolean;
  /** Why the server refused the subscription, or what the log has could not be read. */
  readonly error: EitherwayError | undefined;
}

export const INITIAL_LATEST: LatestView<never> = { values: new Map<string, never>(), live: false, error: undefined };

export interface LatestStoreOptions {
  readonly client: HooksClient;
  readonly clock: StoreClock;
  readonly address: ChannelAddress;
  readonly event: string;
  /** Where the client has no contract that says it. */
  readonly keyOf: KeyOf | undefined;
}

/** More than a log has of an event in its default size. */
const WANTED = 10_000;

export function openLatestStore(options: LatestStoreOptions): Store<LatestView> {
  const { client, clock, address, event } = options;
  const ofContract = contractKey(client, address, event);
  const keyOf = ofContract ?? options.keyOf ?? refuseKey(event);
  /** What came since the place of the subscription; what the log has before it is older. */
  let fresh = new Map<string, unknown>();
  let past: ReadonlyMap<string, unknown> = new Map();
  let isMissing = true;
  let isReading = false;

  function takeGap({ why }: Gap): void {
    isReading = false;
    if (!ofContract) {
      past = new Map([...past, ...fresh]); // shown until the log is read anew
      fresh = new Map();
      isMissing = true;
    } else if (why !== "trimmed") {
      // Another log, or one that lost its end. The newest entry of each key comes right behind; a trimmed log keeps those of before.
      past = new Map();
      fresh = new Map();
      isMissing = false;
    }
  }

  async function placed(): Promise<void> {
    if (!isMissing || isReading) return;
    isReading = true;
    try {
      const { messages } = await feed.readBefore(undefined, WANTED);
      past = new Map(messages.map(({ data }) => [keyOf(data), data]));
      isMissing = false;
      feed.error = undefined;
    } catch (thrown) {
      const error = readingError(thrown);
      if (!error) return; // given up for a gap or the end
      feed.error = error;
    }
    isReading = false;
    cell.touch();
  }

  function take(data: unknown): void {
    fresh.set(keyOf(data), data);
    cell.touch();
  }

  const feed = openFeed({
    ...{ client, address, event },
    message: take,
    gap: takeGap,
    placed: () => void placed(),
    changed: () => cell.touch(),
  });
  const cell = createCell<LatestView>(clock, () => ({
    values: new Map([...past, ...fresh]),
    live: feed.live && !isMissing,
    error: feed.error,
  }));

  return { read: cell.read, watch: cell.watch, close: feed.close };
}

function refuseKey(event: string): never {
  throw new EitherwayError(
    "bad-request",
    `useLatest was given no key for the values of ${quote(event)}; give { key: (data) => … }, or a contract in which the event is latest.`,
  );
}

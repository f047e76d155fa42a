/** A client on a fake clock, over transports whose server side the test plays. */
import { onTestFinished } from "vitest";
import { type ClientPlatform, createSeamOn } from "../../src/client/client.ts";
import type { ClientOptions } from "../../src/client/client-api.ts";
import type { Announcement, Command } from "../../src/client/command.ts";
import type {
  ChannelSink,
  ClientTransport,
  Destination,
  LinkEvents,
  LinkFailure,
  TransportName,
} from "../../src/client/transport.ts";
import {
  type ArrivedFrame,
  type Cursors,
  formatId,
  type MessagesFrame,
  type WelcomeFrame,
} from "../../src/protocol/index.ts";
import { createFakeClock, createSeededRandom, type FakeClock } from "../../src/testing/index.ts";
import { type CallingClient, withCalls } from "./with-calls.ts";

const EPOCH = "m8x2k1b7cq0z";

export const idOf = (seq: number): string => formatId(EPOCH, seq);

export const WELCOME: WelcomeFrame = {
  t: "welcome",
  ping: 15_000,
  keyWindow: 300_000,
  limits: { messageBytes: 1_000, frameBytes: 4_000, subscriptions: 100, inFlight: 4 },
};

/** A run of text messages. */
export function runOf(channel: string, first: number, ...texts: string[]): MessagesFrame {
  const messages = texts.map((data, i) => ({
    seq: first + i,
    at: 0,
    event: "message",
    from: undefined,
    kind: "text" as const,
    data,
    skipped: 0,
  }));
  return { t: "messages", channel, epoch: EPOCH, messages };
}

/** A link as its server sees it. */
export interface FakeLink {
  readonly transport: TransportName;
  readonly hello: Cursors;
  readonly token: string | undefined;
  /** What a hello of this link would say of presence now. */
  readonly present: boolean;
  /** Times that it was told of a change, also where no channel came or went. */
  asked: number;
  /** Changes of channels, in words: `+a@start`, `-b`. */
  readonly changes: string[];
  /** Keys of commands, as they came. */
  readonly keys: string[];
  readonly commands: Command[];
  /** Announcements as JSON. */
  readonly announced: string[];
  /** Tokens that it took. */
  readonly refreshed: string[];
  /** Takes announcements. */
  hasRoom: boolean;
  closed: boolean;
  /** Lets the link carry a frame to the client. */
  say(...frames: ArrivedFrame[]): void;
  end(failure?: Partial<LinkFailure>): void;
  returned(commands: readonly Command[], failure?: LinkFailure): void;
  /** A byte that is no frame. */
  alive(): void;
}

export interface Stage extends CallingClient {
  readonly clock: FakeClock;
  /** All links, oldest first. */
  readonly links: readonly FakeLink[];
  /** The newest link. */
  readonly link: FakeLink;
  /** The device wakes up. */
  wake(): void;
  /** The page is put away. */
  sleep(): void;
  /** What the network memory was told last. */
  readonly remembered: string | undefined;
  /** Runs all promise jobs. */
  settle(): Promise<void>;
  /** Lets time pass in small steps, promise jobs included. */
  pass(ms: number): Promise<void>;
}

export interface StageOptions extends Partial<ClientOptions> {
  /** What the server does with each new link. Default: says welcome. */
  readonly onLink?: (link: FakeLink, number: number) => void;
  /** What links say when channels are added to them. Default: true. */
  readonly changes?: boolean;
  readonly seed?: number;
  /** Best first. */
  readonly transportNames?: readonly TransportName[];
  /** The transport that worked on this network before. */
  readonly recalled?: string;
}

const STEP_MS = 50;

export function createStage(options: StageOptions = {}): Stage {
  const { onLink = (link) => link.say(WELCOME), changes = true, seed = 1, recalled, ...others } = options;
  const { transportNames = ["websocket", "sse", "poll"], ...clientOptions } = others;
  const clock = createFakeClock();
  const links: FakeLink[] = [];
  let wake = (): void => {};
  let sleep = (): void => {};
  let remembered = recalled;

  const transport = (name: TransportName): ClientTransport => ({
    name,
    supported: () => true,
    idleMs: (pingMs) => pingMs,
    quietMs: (pingMs) => 2.5 * pingMs,
    muteMs: (pingMs) => (name === "sse" ? 4_000 : 1.5 * pingMs),
    open(to, events) {
      const { link, clientLink } = createFakeLink(name, to, events, changes);
      links.push(link);
      queueMicrotask(() => onLink(link, links.length));
      return clientLink;
    },
  });
  const platform: ClientPlatform = {
    transports: transportNames.map(transport),
    clock,
    random: createSeededRandom(seed),
    wakeups({ woken, asleep }) {
      wake = woken;
      sleep = asleep;
      return () => {
        wake = () => {};
      };
    },
    createNetworkMemory: () => ({
      recall: () => remembered,
      remember(transport) {
        remembered = transport;
      },
    }),
    createClientId: () => "c1",
    baseUrl: undefined,
  };
  const { client, call } = withCalls(createSeamOn(platform, { url: "http://127.0.0.1/eitherway", ...clientOptions }));
  onTestFinished(async () => {
    const closed = client.close();
    clock.advance(1_000); // no server of a test answers a farewell
    await closed;
  });
  return {
    client,
    call,
    clock,
    links,
    get link() {
      return links.at(-1) as FakeLink;
    },
    get remembered() {
      return remembered;
    },
    wake: () => wake(),
    sleep: () => sleep(),
    settle: () => clock.settle(),
    async pass(ms) {
      await clock.settle();
      for (let left = ms; left > 0; left -= STEP_MS) {
        clock.advance(Math.min(left, STEP_MS));
        await clock.settle();
      }
    },
  };
}

function createFakeLink(transport: TransportName, to: Destination, events: LinkEvents, changeable: boolean) {
  const greeting = to.greet();
  const routes = new Map<string, ChannelSink>(greeting.routes);
  const link: FakeLink = {
    transport,
    hello: greeting.channels,
    token: to.who.token,
    get present() {
      return to.who.present === true;
    },
    asked: 0,
    changes: [],
    keys: [],
    commands: [],
    announced: [],
    refreshed: [],
    hasRoom: true,
    closed: false,
    say(...frames) {
      events.alive();
      for (const frame of frames) events.frame(frame, routes);
    },
    end: (failure = {}) => events.ended({ message: "cut", ...failure }),
    returned: events.returned,
    alive: events.alive,
  };
  const clientLink = {
    change(added: { channels: Cursors; routes: ReadonlyMap<string, ChannelSink> }, removed: readonly string[]) {
      link.asked++;
      if (!changeable) return false;
      for (const [name, sink] of added.routes) routes.set(name, sink);
      for (const name of removed) link.changes.push(`-${name}`);
      for (const [name, cursor] of added.channels) link.changes.push(`+${name}@${cursor}`);
      return true;
    },
    announce({ line }: Announcement) {
      link.announced.push(line);
      return link.hasRoom;
    },
    publish(command: Command) {
      link.keys.push(command.frame.key);
      link.commands.push(command);
    },
    ...(transport === "websocket" && { refresh: (token: string) => void link.refreshed.push(token) }),
    close() {
      link.closed = true;
    },
  };
  return { link, clientLink };
}

/** What became of a promise, without waiting for it: `pending`, the id or the answer it gave, or the code of its error. */
export function outcome(promise: Promise<unknown>): { readonly now: string } {
  const seen = { now: "pending" };
  promise.then(
    (value) => {
      seen.now = (value as { readonly id?: string } | undefined)?.id ?? String(value);
    },
    (error: unknown) => {
      seen.now = (error as { code?: string }).code ?? String(error);
    },
  );
  return seen;
}

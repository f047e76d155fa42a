/** A hub over a real memory broker, with a clock that tests move and links that record what is written to them. */
import { expect } from "vitest";
import {
  type AuditEntry,
  type Broker,
  type CallHandlers,
  createAudit,
  createCounters,
  createHub,
  createMemoryBroker,
  DEFAULT_LIMITS,
  type FrameKind,
  type Hub,
  type Limits,
  type Link,
  type LinkTransport,
  type Retention,
  type Rules,
  type Session,
} from "../../src/core/index.ts";
import {
  type ArrivedFrame,
  type ClientFrame,
  type Cursor,
  type ErrorCode,
  jsonClientCodec,
  jsonServerCodec,
  textPayload,
} from "../../src/protocol/index.ts";
import { createFakeClock, createSeededRandom, type FakeClock } from "../../src/testing/index.ts";
import { witnessed } from "../support/witness.ts";

export interface TestHub {
  readonly hub: Hub;
  readonly clock: FakeClock;
  readonly broker: Broker;
  readonly errors: string[];
  readonly warnings: string[];
  readonly audited: AuditEntry[];
  /** Appends text messages in one publish and returns their ids. Nothing is flushed yet. */
  append(channel: string, ...texts: string[]): Promise<string[]>;
  /** Appends, and lets everything that follows happen. */
  publish(channel: string, ...texts: string[]): Promise<string[]>;
  open(channels?: Record<string, Cursor>, options?: TestLinkOptions): TestLink;
  settle(): Promise<void>;
}

export interface TestHubOptions {
  readonly limits?: Partial<Limits>;
  readonly retention?: Partial<Retention>;
  readonly pingMs?: number;
  readonly calls?: CallHandlers;
  readonly rules?: Rules;
  /** Stands between the hub and the memory broker, as the network of another broker would. */
  readonly around?: (memory: Broker) => Partial<Broker>;
}

export function createTestHub(options: TestHubOptions = {}): TestHub {
  const { retention, pingMs, calls, rules, around } = options;
  const clock = createFakeClock();
  const random = createSeededRandom(1);
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const metrics = createCounters();
  const memory = createMemoryBroker({ clock, random, limits, metrics, ...(retention && { retention }) });
  const broker: Broker = { ...memory, ...around?.(memory) };
  const errors: string[] = [];
  const warnings: string[] = [];
  const into =
    (lines: string[]) =>
    (event: string, fields?: unknown): void =>
      void lines.push(`${event} ${JSON.stringify(fields)}`);
  const logger = witnessed({ error: into(errors), warn: into(warnings) });
  const audited: AuditEntry[] = [];
  const audit = createAudit({ clock, logger, metrics, sink: (entry) => void audited.push(entry) });
  const parts = { broker, clock, random, logger, audit, limits, metrics, calls, rules };
  const hub = createHub({ ...parts, ...(pingMs !== undefined && { pingMs }) });

  const append = async (channel: string, ...texts: string[]): Promise<string[]> => {
    const drafts = texts.map((text) => ({ event: "message", payload: textPayload(text) }));
    const receipts = await hub.publish(channel, drafts);
    return receipts.map((receipt) => {
      if (!receipt.ok) throw receipt.error;
      return receipt.id ?? "volatile";
    });
  };
  let clients = 0;
  return {
    hub,
    clock,
    broker,
    errors,
    warnings,
    audited,
    append,
    async publish(channel, ...texts) {
      const ids = await append(channel, ...texts);
      await clock.settle();
      return ids;
    },
    open(channels = {}, linkOptions = {}) {
      const client = linkOptions.client ?? `client-${++clients}`;
      const link = createTestLink(linkOptions);
      const { present = false, user, remote } = linkOptions;
      const hello = { t: "hello", client, present, channels: new Map(Object.entries(channels)) } as const;
      link.attach(hub.open(link, hello, { client, user, remote }));
      return link;
    },
    settle: () => clock.settle(),
  };
}

export interface TestLinkOptions {
  readonly client?: string;
  readonly user?: string;
  readonly remote?: string;
  /** What its hello says of presence. */
  readonly present?: boolean;
  readonly transport?: LinkTransport;
  readonly heartbeat?: Link["heartbeat"];
  /** Writes that the link takes before it is full. Default: any number. */
  readonly room?: number;
}

export interface TestLink extends Link {
  readonly session: Session;
  attach(session: Session): void;
  /** What was written since the last call, briefly. */
  read(): string[];
  readFrames(): ArrivedFrame[];
  /** Buffers as they were written, all of them. */
  readonly writes: readonly Uint8Array[];
  /** Corked stretches with at least one write. */
  readonly gathered: number[];
  /** The link drains, and has room for so many writes again. */
  drain(room?: number): void;
  send(frame: ClientFrame): void;
  readonly reading: boolean;
  /** `4000 drain`-like: the code the hub closed it with. */
  readonly closedWith: { readonly code: ErrorCode; readonly message: string; readonly after?: number } | undefined;
}

/** One framing object for all test links, as transports have it. */
const framing = { ...jsonServerCodec };

function createTestLink({
  transport = "websocket",
  heartbeat = "ping-pong",
  room = Number.POSITIVE_INFINITY,
}: TestLinkOptions): TestLink {
  const writes: Uint8Array[] = [];
  const gathered: number[] = [];
  let seen = 0;
  let left = room;
  let session: Session | undefined;
  let reading = true;
  let corked: number | undefined;
  let closedWith: TestLink["closedWith"];

  const readFrames = (): ArrivedFrame[] => {
    const frames = writes.slice(seen).map((bytes) => jsonClientCodec.readServer(new TextDecoder().decode(bytes)));
    seen = writes.length;
    return frames;
  };
  return {
    framing,
    transport,
    heartbeat,
    pendingBytes: 0,
    write(bytes: Uint8Array, _kind: FrameKind) {
      expect(closedWith, "nothing is written to a closed link").toBeUndefined();
      writes.push(bytes);
      if (corked !== undefined) corked++;
      left--;
      return left > 0;
    },
    cork() {
      expect(corked, "corks do not nest").toBeUndefined();
      corked = 0;
    },
    uncork() {
      expect(corked, "uncork pairs with cork").toBeDefined();
      if (corked) gathered.push(corked);
      corked = undefined;
    },
    setReading(on) {
      reading = on;
    },
    close(code, message, after) {
      closedWith = { code, message, ...(after !== undefined && { after }) };
    },
    attach(opened) {
      session = opened;
    },
    get session() {
      if (!session) throw new Error("the link is not open");
      return session;
    },
    read: () => readFrames().map(brief),
    readFrames,
    writes,
    gathered,
    drain(more = Number.POSITIVE_INFINITY) {
      left = more;
      session?.drained();
    },
    send: (frame) => session?.receive(frame),
    get reading() {
      return reading;
    },
    get closedWith() {
      return closedWith;
    },
  };
}

/** A frame in few words: `live a`, `messages a one,two`, `gap a trimmed`. */
function brief(frame: ArrivedFrame): string {
  switch (frame.t) {
    case "messages":
      return `messages ${frame.channel} ${frame.messages.map(({ data }) => String(data)).join(",")}`;
    case "live":
      return `live ${frame.channel}`;
    case "gap":
      return `gap ${frame.channel} ${frame.why}`;
    case "error":
      return `error ${frame.key ?? frame.channel ?? ""} ${frame.code}`.replace("  ", " ");
    case "ok":
      return `ok ${frame.key}`;
    case "presence":
      return `presence ${frame.channel} ${frame.members.map(({ member, state }) => `${member}:${JSON.stringify(state)}`).join(",")}`;
    default:
      return frame.t;
  }
}

export function publishFrame(key: string, channel: string, text: string): ClientFrame & { t: "publish" } {
  return { t: "publish", key, channel, event: "message", payload: textPayload(text) };
}

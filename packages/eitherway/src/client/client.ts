/** Puts a client together: channels, outbox and connection, and the one status they make. */
import {
  checkEventName,
  checkKey,
  DEFAULT_EVENT,
  EitherwayError,
  isClientId,
  jsonClientCodec,
  quote,
  valuePayload,
} from "../protocol/index.ts";
import { createChannels } from "./channels.ts";
import type {
  Client,
  ClientOptions,
  ErrorContext,
  OutboxStore,
  Outcome,
  PublishOptions,
  Status,
  StatusError,
  TabSharing,
  TransportChoice,
} from "./client-api.ts";
import { type Connection, createConnection } from "./connection.ts";
import { createEmitter } from "./emitter.ts";
import { createOutbox } from "./outbox.ts";
import type { ClientClock, NetworkMemory, Random, Wakeups } from "./ports.ts";
import { createTimeline } from "./timeline.ts";
import type { ClientTransport, LinkFailure, TransportName } from "./transport.ts";

/** What differs between browsers, Node and tests. */
export interface ClientPlatform {
  /** Best first. */
  readonly transports: readonly ClientTransport[];
  readonly clock: ClientClock;
  readonly random: Random;
  readonly wakeups: Wakeups;
  /** @param url of the server */
  createNetworkMemory(url: string): NetworkMemory;
  createClientId(): string;
  /** What a relative URL is relative to; `undefined` where there is no page. */
  readonly baseUrl: string | undefined;
}

const DEFAULT_OUTBOX_COMMANDS = 1_000;
const DEFAULT_OUTBOX_BYTES = 8 * 1024 * 1024;

export function createClientOn(platform: ClientPlatform, options: ClientOptions): Client {
  const { clock = platform.clock, random = platform.random, share } = options;
  const transports = withShared(options.transports ?? platform.transports, share?.transport);
  const url = readUrl(options.url, platform.baseUrl);
  const { store } = options.outbox ?? {};
  if (store && options.clientId !== undefined) {
    throw badOption("clientId", quote(options.clientId), "none together with outbox.store, which has its own");
  }
  const id = store?.clientId ?? options.clientId ?? platform.createClientId();
  if (!isClientId(id)) throw badOption("clientId", quote(id), "1 to 64 letters, digits, _ and -");
  const order = readChoice(options.transport ?? "auto", transports, share);
  const { framing = jsonClientCodec } = options;
  if (!framing.subprotocol) throw badOption("framing", quote(String(framing)), "`binary` of eitherway/client/binary");
  const streamChange = oneOf(
    "streamChange",
    options.streamChange ?? (url.startsWith("https:") ? "make-first" : "break-first"),
    ["make-first", "break-first"],
  );

  const statusListeners = createEmitter<[Status]>((thrown) => handlerThrew(thrown));
  const errorListeners = createEmitter<[Error, ErrorContext]>(rethrow);
  const outcomeListeners = createEmitter<[Outcome]>((thrown) => handlerThrew(thrown));
  const timeline = createTimeline(clock.wall);
  let holes = 0;
  let gaps = 0;
  let lastError: StatusError | undefined;
  let seenFailure: LinkFailure | undefined;
  let status: Status | undefined;
  let telling = false;
  let closing: Promise<void> | undefined;

  const outbox = createOutbox({
    clock,
    random,
    client: id,
    commands: atLeastOne("outbox.commands", options.outbox?.commands ?? DEFAULT_OUTBOX_COMMANDS),
    bytes: atLeastOne("outbox.bytes", options.outbox?.bytes ?? DEFAULT_OUTBOX_BYTES),
    store,
    changed,
    stuck: () => connection.reconnect(),
    outcome: tellOutcome,
    storeBroken: report,
  });

  const channels = createChannels({
    clock,
    random,
    changed: () => connection.update(),
    threw: (thrown, channel) => handlerThrew(thrown, { channel }),
    failed(error, channel) {
      timeline.note({ what: "refused", channel, why: error.message });
      report(error, { channel });
    },
    live: (channel, id) => timeline.note({ what: "live", channel, why: id }),
    hole(channel) {
      holes++;
      timeline.note({ what: "hole", channel });
      connection.distrust(`ids of ${quote(channel)} do not join up with what was received`);
    },
    unsure: () => connection.reconnect(),
    gap({ channel, why }) {
      gaps++;
      timeline.note({ what: "gap", channel, why });
      changed();
    },
    publish,
  });

  const connection: Connection = createConnection({
    transports,
    order,
    destination: { url, framing, streamChange, clock },
    client: id,
    token: options.token,
    clock,
    random,
    wakeups: platform.wakeups,
    memory: platform.createNetworkMemory(url),
    timeline,
    wanted: channels.wanted,
    outbox,
    changed,
    report,
  });

  if (outbox.size > 0) connection.update();
  const tender = store?.tend?.({ clock, open: openSender, changed });

  /** For what a closed tab left: keys count with the client id of their hello only, so it takes a client of its own. */
  function openSender(left: OutboxStore, told: (unanswered: number) => void): Client {
    const outboxOfOther = { ...options.outbox, store: left };
    const transport = withoutShared(options.transport);
    const sender = createClientOn(platform, { ...options, transport, share: undefined, outbox: outboxOfOther });
    sender.on("outcome", tellOutcome);
    sender.on("error", errorListeners.emit);
    sender.on("status", ({ unanswered }) => told(unanswered));
    return sender;
  }

  async function publish(channel: string, data: unknown, publishOptions: PublishOptions = {}) {
    const { event = DEFAULT_EVENT, key, kind, signal } = publishOptions;
    checkEventName(event);
    if (key !== undefined) checkKey(key);
    const payload = valuePayload(data, kind);
    const answer = outbox.publish({ channel, event, payload }, key, signal);
    if (connection.state.name === "idle") connection.update();
    return answer;
  }

  // --- status and errors ---

  function changed(): void {
    status = undefined;
    const { lastFailure } = connection.state;
    if (lastFailure !== seenFailure) {
      seenFailure = lastFailure;
      if (lastFailure) lastError = { code: lastFailure.code, message: lastFailure.message };
    }
    if (telling || statusListeners.size === 0) return;
    telling = true;
    queueMicrotask(() => {
      telling = false;
      statusListeners.emit(readStatus());
    });
  }

  function readStatus(): Status {
    if (status) return status;
    const { state } = connection;
    status = Object.freeze({
      state: state.name,
      transport: state.last?.transport,
      why: state.last?.why ?? "nothing to do yet",
      attempt: state.round,
      retryInMs: state.name === "waiting" ? state.ms : undefined,
      lastError,
      roundTrip: outbox.roundTrip,
      unanswered: outbox.size + (tender?.size ?? 0),
      holes,
      gaps,
      links: connection.opened,
    });
    return status;
  }

  /** The server refused something that nobody waits for. */
  function report(error: EitherwayError, about: ErrorContext = {}): void {
    lastError = { code: error.code, message: error.message };
    changed();
    errorListeners.emit(error, about);
  }

  function tellOutcome(outcome: Outcome): void {
    const { channel, error } = outcome;
    if (error && outcomeListeners.size === 0) report(error, { channel });
    outcomeListeners.emit(outcome);
  }

  function handlerThrew(thrown: unknown, about: ErrorContext = {}): void {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown });
    if (errorListeners.size > 0) errorListeners.emit(error, about);
    else rethrow(error);
  }

  const undoLogout = share?.onLogout(() => void close());

  function close(): Promise<void> {
    closing ??= end();
    return closing;
  }

  async function end(): Promise<void> {
    undoLogout?.();
    channels.close();
    const kept = outbox.close();
    connection.close();
    await Promise.all([kept, tender?.close()]);
  }

  return {
    id,
    get status() {
      return readStatus();
    },
    channel: channels.handle,
    on(event: "status" | "error" | "outcome", listener: (...args: never[]) => void) {
      if (event === "status") return statusListeners.add(listener as (status: Status) => void);
      if (event === "error") return errorListeners.add(listener as (error: Error, about: ErrorContext) => void);
      if (event === "outcome") return outcomeListeners.add(listener as (outcome: Outcome) => void);
      throw new EitherwayError("bad-event", `${quote(String(event))} is none of status, error, outcome.`);
    },
    use: (choice) => connection.use(readChoice(choice, transports, share)),
    reconnect: () => connection.reconnect(),
    ready: () => outbox.ready(),
    pending: () => [...(tender?.pending() ?? []), ...outbox.pending()],
    timeline: timeline.entries,
    close,
  };
}

// --- options ---

/** The connection of other tabs comes before one that only this tab has. */
function withShared(all: readonly ClientTransport[], shared: ClientTransport | undefined): readonly ClientTransport[] {
  if (!shared) return all;
  const at = all.findIndex(({ name }) => name !== "websocket");
  return at < 0 ? [...all, shared] : [...all.slice(0, at), shared, ...all.slice(at)];
}

function withoutShared(choice: TransportChoice = "auto"): TransportChoice {
  const rest = typeof choice === "string" ? choice : choice.filter((name) => name !== "shared");
  return rest === "shared" || rest.length === 0 ? "auto" : rest;
}

/** Of the whole text, since the URL of React Native has no parts to ask for. */
const ADDRESS = /^(?:http|ws)(s?):\/\/(?:[^/?#]*@)?([^/?#]+)([^?#]*)/;

function readUrl(given: string | URL, baseUrl: string | undefined): string {
  let href: string;
  try {
    href = new URL(given, baseUrl).href;
  } catch (cause) {
    throw new EitherwayError(
      "bad-request",
      `url is ${quote(String(given))}; give one like https://host/eitherway, or a path in a browser.`,
      { cause },
    );
  }
  const [, secure, host, path = ""] = ADDRESS.exec(href) ?? [];
  if (!host) throw badOption("url", quote(String(given)), "http: or https:");
  return `http${secure}://${host}${path.replace(/\/+$/, "")}`;
}

function readChoice(
  choice: TransportChoice,
  transports: readonly ClientTransport[],
  share: TabSharing | undefined,
): readonly TransportName[] {
  const all = transports.map(({ name }) => name);
  const names = choice === "auto" ? all : typeof choice === "string" ? [choice] : choice;
  const unknown = names.find((name) => !all.includes(name));
  if (unknown !== undefined || names.length === 0) {
    throw badOption("transport", unknown === undefined ? "empty" : quote(String(unknown)), `auto, ${all.join(", ")}`);
  }
  const supported = transports.filter((transport) => transport.supported()).map(({ name }) => name);
  const order = names.filter((name, i) => supported.includes(name) && names.indexOf(name) === i);
  if (order.length === 0)
    throw badOption("transport", names.join(", "), `what this platform has: ${supported.join(", ")}`);
  const useful = share?.isUseful() === false ? order.filter((name) => name !== "shared") : order;
  return useful.length > 0 ? useful : order;
}

function oneOf<T extends string>(name: string, given: T, known: readonly T[]): T {
  if (known.includes(given)) return given;
  throw badOption(name, quote(String(given)), known.join(" or "));
}

/** With less nothing could ever be sent. */
function atLeastOne(name: string, given: number): number {
  if (given >= 1) return given;
  throw badOption(name, String(given), "a number from 1");
}

function badOption(name: string, given: string, wanted: string): EitherwayError {
  return new EitherwayError("bad-request", `Option ${name} is ${given}; give ${wanted}.`);
}

/** What EventTarget does with an exception of a listener: the platform reports it, and nothing else stops. */
function rethrow(thrown: unknown): void {
  queueMicrotask(() => {
    throw thrown;
  });
}

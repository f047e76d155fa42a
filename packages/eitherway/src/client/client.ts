/** Puts a client together: channels, outbox and connection, and the one status they make. */
import {
  checkEventName,
  checkKey,
  DEFAULT_EVENT,
  EitherwayError,
  isClientId,
  quote,
  valuePayload,
} from "../protocol/index.ts";
import { createChannels } from "./channels.ts";
import type {
  Client,
  ClientOptions,
  ErrorContext,
  PublishOptions,
  Status,
  StatusError,
  TransportChoice,
} from "./client-api.ts";
import { type Connection, createConnection } from "./connection.ts";
import { createEmitter } from "./emitter.ts";
import { createOutbox } from "./outbox.ts";
import type { ClientClock, Random, Wakeups } from "./ports.ts";
import type { ClientTransport, LinkFailure, TransportName } from "./transport.ts";

/** What differs between browsers, Node and tests. */
export interface ClientPlatform {
  /** Best first. */
  readonly transports: readonly ClientTransport[];
  readonly clock: ClientClock;
  readonly random: Random;
  readonly wakeups: Wakeups;
  createClientId(): string;
  /** What a relative URL is relative to; `undefined` where there is no page. */
  readonly baseUrl: string | undefined;
}

const DEFAULT_OUTBOX_COMMANDS = 1_000;
const DEFAULT_OUTBOX_BYTES = 8 * 1024 * 1024;

export function createClientOn(platform: ClientPlatform, options: ClientOptions): Client {
  const { transports = platform.transports, clock = platform.clock, random = platform.random } = options;
  const url = readUrl(options.url, platform.baseUrl);
  const id = options.clientId ?? platform.createClientId();
  if (!isClientId(id)) throw badOption("clientId", quote(id), "1 to 64 letters, digits, _ and -");
  const order = readChoice(options.transport ?? "auto", transports);
  const framing = oneOf("framing", options.framing ?? "json", ["json", "binary"]);
  const streamChange = oneOf(
    "streamChange",
    options.streamChange ?? (url.startsWith("https:") ? "make-first" : "break-first"),
    ["make-first", "break-first"],
  );

  const statusListeners = createEmitter<[Status]>((thrown) => handlerThrew(thrown));
  const errorListeners = createEmitter<[Error, ErrorContext]>(rethrow);
  let holes = 0;
  let gaps = 0;
  let lastError: StatusError | undefined;
  let seenFailure: LinkFailure | undefined;
  let status: Status | undefined;
  let telling = false;
  let closed = false;

  const outbox = createOutbox({
    clock,
    random,
    client: id,
    commands: atLeastOne("outbox.commands", options.outbox?.commands ?? DEFAULT_OUTBOX_COMMANDS),
    bytes: atLeastOne("outbox.bytes", options.outbox?.bytes ?? DEFAULT_OUTBOX_BYTES),
    changed,
    stuck: () => connection.reconnect(),
  });

  const channels = createChannels({
    clock,
    random,
    changed: () => connection.update(),
    threw: (thrown, channel) => handlerThrew(thrown, { channel }),
    failed: (error, channel) => report(error, { channel }),
    hole(channel) {
      holes++;
      connection.distrust(`ids of ${quote(channel)} do not join up with what was received`);
    },
    gap() {
      gaps++;
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
    wanted: channels.wanted,
    restart: channels.restart,
    outbox,
    changed,
    report,
  });

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
      transport: state.transport,
      why: state.why,
      attempt: state.attempt,
      retryInMs: state.name === "waiting" ? state.ms : undefined,
      lastError,
      roundTrip: outbox.roundTrip,
      unanswered: outbox.size,
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

  function handlerThrew(thrown: unknown, about: ErrorContext = {}): void {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown });
    if (errorListeners.size > 0) errorListeners.emit(error, about);
    else rethrow(error);
  }

  return {
    id,
    get status() {
      return readStatus();
    },
    channel: channels.handle,
    on(event: "status" | "error", listener: (...args: never[]) => void) {
      if (event === "status") return statusListeners.add(listener as (status: Status) => void);
      if (event === "error") return errorListeners.add(listener as (error: Error, about: ErrorContext) => void);
      throw new EitherwayError("bad-event", `${quote(String(event))} is neither status nor error.`);
    },
    use: (choice) => connection.use(readChoice(choice, transports)),
    reconnect: () => connection.reconnect(),
    ready: () => outbox.ready(),
    async close() {
      if (closed) return;
      closed = true;
      channels.close();
      outbox.close();
      connection.close();
    },
  };
}

// --- options ---

function readUrl(given: string | URL, baseUrl: string | undefined): string {
  let url: URL;
  try {
    url = new URL(given, baseUrl);
  } catch (cause) {
    throw new EitherwayError(
      "bad-request",
      `url is ${quote(String(given))}; give one like https://host/eitherway, or a path in a browser.`,
      { cause },
    );
  }
  const protocol = url.protocol.replace(/^ws/, "http");
  if (protocol !== "http:" && protocol !== "https:") throw badOption("url", quote(String(given)), "http: or https:");
  return `${protocol}//${url.host}${url.pathname.replace(/\/+$/, "")}`;
}

function readChoice(choice: TransportChoice, transports: readonly ClientTransport[]): readonly TransportName[] {
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
  return order;
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

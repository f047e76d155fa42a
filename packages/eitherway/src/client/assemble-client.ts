/**
 * Puts a client together: channels, outbox and connection, and the one status they make. What only some clients have are its
 * parts: `eitherway/client` (client.ts) has them all, `eitherway/client/core` those that its program names.
 */
import {
  type ArrivedOk,
  checkChannelName,
  checkEventName,
  checkKey,
  DEFAULT_EVENT,
  EitherwayError,
  isClientId,
  jsonClientCodec,
  quote,
  valuePayload,
} from "../protocol/index.ts";
import { type ChannelsParts, createChannels } from "./channels.ts";
import type {
  AnnounceOptions,
  CommonOptions,
  CoreClient,
  ErrorContext,
  Outcome,
  PublishOptions,
  Status,
  StatusError,
} from "./client-api.ts";
import { createAnnouncement } from "./command.ts";
import { type Connection, type ConnectionParts, createConnection } from "./connection.ts";
import { createEmitter, type Emitter, type Listener, listenTo } from "./emitter.ts";
import { HTTP_DOOR, type WithHttpDoor } from "./http-door.ts";
import { type CommandDraft, createOutbox, type Outbox, type OutboxParts } from "./outbox.ts";
import type { ClientClock, Random } from "./ports.ts";
import { PRESENCE_SEAM, type PresenceSeam, type WithPresence } from "./presence-seam.ts";
import type { SubmitOptions } from "./seam.ts";
import type { Timeline } from "./timeline.ts";
import type { ClientTransport, Destination, LinkFailure, TransportName } from "./transport.ts";

/** What every client needs of its platform. */
export interface CorePlatform {
  readonly clock: ClientClock;
  readonly random: Random;
  createClientId(): string;
  /** What a relative URL is relative to; `undefined` where there is no page. */
  readonly baseUrl: string | undefined;
}

export interface AssemblyOptions extends CommonOptions, Pick<Destination, "streamChange"> {
  readonly transports: readonly ClientTransport[];
  /** Those to use, best first. */
  readonly order: readonly TransportName[];
}

/** What not every client has. */
export interface ClientParts extends ConnectionParts, ChannelsParts, OutboxParts {
  readonly timeline?: Pick<Timeline, "note" | "stepped">;
  /** Events that the client has besides. */
  readonly events?: { readonly outcome: Emitter<[Outcome]> };
  /** Commands that wait beside the outbox. */
  unansweredOfOthers?(): number;
}

/** A client, and what its parts need of it. */
export interface Assembly {
  readonly client: CoreClient;
  readonly connection: Connection;
  readonly outbox: Outbox;
  readonly errors: Emitter<[Error, ErrorContext]>;
  /** Sends a command until it is answered. */
  submit(draft: CommandDraft, options?: SubmitOptions): Promise<ArrivedOk>;
  /** Something that the status tells has changed. */
  changed(): void;
  /** An error that nobody waits for. */
  report(error: EitherwayError, about?: ErrorContext): void;
  handlerThrew(thrown: unknown): void;
}

const DEFAULT_OUTBOX_COMMANDS = 1_000;
const DEFAULT_OUTBOX_BYTES = 8 * 1024 * 1024;

export function assembleClient(platform: CorePlatform, options: AssemblyOptions, parts: ClientParts): Assembly {
  const { clock = platform.clock, random = platform.random } = options;
  const shared = { ...parts, clock, random };
  const { timeline } = parts;
  const url = readUrl(options.url, platform.baseUrl);
  const id = options.clientId ?? platform.createClientId();
  if (!isClientId(id)) throw badOption("clientId", quote(id), "1 to 64 letters, digits, _ and -");
  const { framing = jsonClientCodec } = options;
  if (!framing.subprotocol) throw badOption("framing", quote(String(framing)), "`binary` of eitherway/client/binary");

  const statusListeners = createEmitter<[Status]>((thrown) => handlerThrew(thrown));
  const errorListeners = createEmitter<[Error, ErrorContext]>(rethrow);
  const links = createEmitter<[]>((thrown) => handlerThrew(thrown));
  const farewells: PresenceSeam["farewells"] = new Set();
  const present: PresenceSeam["present"] = new Set();
  let holes = 0;
  let gaps = 0;
  let dropped = 0;
  let lastError: StatusError | undefined;
  let seenFailure: LinkFailure | undefined;
  let status: Status | undefined;
  let telling = false;

  const outbox = createOutbox({
    ...shared,
    client: id,
    commands: atLeastOne("outbox.commands", options.outbox?.commands ?? DEFAULT_OUTBOX_COMMANDS),
    bytes: atLeastOne("outbox.bytes", options.outbox?.bytes ?? DEFAULT_OUTBOX_BYTES),
    changed,
    stuck: () => connection.reconnect(),
  });

  const channels = createChannels({
    ...shared,
    changed: () => connection.update(),
    threw: (thrown, channel) => handlerThrew(thrown, { channel }),
    failed(error, channel) {
      timeline?.note({ what: "refused", channel, why: error.message });
      report(error, { channel });
    },
    live: (channel, id) => timeline?.note({ what: "live", channel, why: id }),
    hole(channel) {
      holes++;
      timeline?.note({ what: "hole", channel });
      connection.distrust(`ids of ${quote(channel)} do not join up with what was received`);
    },
    unsure: () => connection.reconnect(),
    gap({ channel, why }) {
      gaps++;
      timeline?.note({ what: "gap", channel, why });
      changed();
    },
    publish,
    announce,
  });

  const connection: Connection = createConnection({
    ...shared,
    transports: options.transports,
    order: options.order,
    destination: { url, framing, clock, streamChange: options.streamChange, fetch: options.fetch },
    client: id,
    token: options.token,
    wanted: channels.wanted,
    present: () => present.size > 0,
    linked: links.emit,
    outbox,
    changed,
    report,
  });

  if (outbox.size > 0) connection.update();

  async function publish(channel: string, data: unknown, publishOptions: PublishOptions = {}) {
    const { event = DEFAULT_EVENT, key, kind, signal } = publishOptions;
    checkChannelName(channel); // a handle may be of a log that only the server writes
    checkEventName(event);
    if (key !== undefined) checkKey(key);
    const payload = valuePayload(data, kind);
    const { id = "" } = await submit({ t: "publish", channel, event, payload }, { key, signal });
    return { id };
  }

  function submit(draft: CommandDraft, { key, signal, createAsker }: SubmitOptions = {}): Promise<ArrivedOk> {
    const answer = outbox.submit(draft, key, signal, createAsker);
    if (connection.state.name === "idle") connection.update();
    return answer;
  }

  function announce(channel: string, data: unknown, { event = DEFAULT_EVENT, kind }: AnnounceOptions = {}): void {
    checkEventName(event);
    const payload = valuePayload(data, kind);
    if (connection.announce(createAnnouncement({ t: "announce", channel, event, payload }))) return;
    dropped++;
    changed();
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
      unanswered: outbox.size + (parts.unansweredOfOthers?.() ?? 0),
      holes,
      gaps,
      dropped,
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

  const presence: PresenceSeam = {
    ...{ id, clock, connection, links, present, farewells, submit, report, handlerThrew },
    channel: channels.handle,
  };

  const client: CoreClient & WithPresence & WithHttpDoor = {
    id,
    [HTTP_DOOR]: { ...options, url },
    [PRESENCE_SEAM]: presence,
    get status() {
      return readStatus();
    },
    channel: channels.handle,
    on: (event: string, listener: Listener) =>
      listenTo({ status: statusListeners, error: errorListeners, ...parts.events }, event, listener),
    reconnect: () => connection.reconnect(),
    ready: () => outbox.ready(),
    async close() {
      if (farewells.size > 0) await Promise.all([...farewells].map((farewell) => farewell()));
      channels.close();
      const kept = outbox.close();
      connection.close();
      await kept;
    },
  };
  return { client, connection, outbox, errors: errorListeners, submit, changed, report, handlerThrew };
}

// --- options ---

/** Of the whole text, since the URL of React Native has no parts to ask for. */
const ADDRESS = /^(?:http|ws)(s?):\/\/(?:[^/?#]*@)?([^/?#]+)([^?#]*)/;

function readUrl(given: string | URL, baseUrl: string | undefined): string {
  const [, secure, host, path = ""] = ADDRESS.exec(hrefOf(given, baseUrl)) ?? [];
  if (!host) throw badOption("url", quote(String(given)), "one like https://host/eitherway, or a path in a browser");
  return `http${secure}://${host}${path.replace(/\/+$/, "")}`;
}

function hrefOf(given: string | URL, baseUrl: string | undefined): string {
  try {
    return new URL(given, baseUrl).href;
  } catch {
    return ""; // no address
  }
}

/** With less nothing could ever be sent. */
function atLeastOne(name: string, given: number): number {
  if (given >= 1) return given;
  throw badOption(name, String(given), "a number from 1");
}

export function badOption(name: string, given: string, wanted: string): EitherwayError {
  return new EitherwayError("bad-request", `Option ${name} is ${given}; give ${wanted}.`);
}

/** What EventTarget does with an exception of a listener: the platform reports it, and nothing else stops. */
function rethrow(thrown: unknown): void {
  queueMicrotask(() => {
    throw thrown;
  });
}

/** The whole client: an assembly with every part there is. */
import { quote } from "../protocol/index.ts";
import { type Assembly, assembleClient, badOption, type CorePlatform } from "./assemble-client.ts";
import type {
  Client,
  ClientOptions,
  CoreClient,
  OutboxStore,
  Outcome,
  TabSharing,
  TransportChoice,
} from "./client-api.ts";
import { describeEntry } from "./describe-entry.ts";
import { attendDevice } from "./device.ts";
import { createEmitter } from "./emitter.ts";
import { sleepHidden } from "./hidden-sleep.ts";
import { createLoops } from "./loops.ts";
import { machine } from "./machine.ts";
import type { NetworkMemory, Wakeups } from "./ports.ts";
import type { ClientSeam } from "./seam.ts";
import { createTimeline } from "./timeline.ts";
import type { ClientTransport, StreamChange, TransportName } from "./transport.ts";

/** What differs between browsers, Node and tests. */
export interface ClientPlatform extends CorePlatform {
  /** Best first. */
  readonly transports: readonly ClientTransport[];
  readonly wakeups: Wakeups;
  /** @param url of the server */
  createNetworkMemory(url: string): NetworkMemory;
}

const STREAM_CHANGES: readonly StreamChange[] = ["make-first", "break-first"];

export function createClientOn(platform: ClientPlatform, options: ClientOptions): Client {
  return createSeamOn(platform, options).client;
}

/** The same, with what the client of a contract is built on. */
export function createSeamOn(platform: ClientPlatform, options: ClientOptions): ClientSeam<Client> {
  const { clock = platform.clock, share, outbox: { store, ...bounds } = {} } = options;
  if (store && options.clientId !== undefined) {
    throw badOption("clientId", quote(options.clientId), "none together with outbox.store, which has its own");
  }
  const { streamChange } = options;
  if (streamChange !== undefined && !STREAM_CHANGES.includes(streamChange)) {
    throw badOption("streamChange", quote(String(streamChange)), STREAM_CHANGES.join(" or "));
  }
  const transports = withShared(options.transports ?? platform.transports, share?.transport);
  const order = readChoice(options.transport ?? "auto", transports, share);
  const timeline = createTimeline(clock.wall);
  const outcomes = createEmitter<[Outcome]>((thrown) => assembly.handlerThrew(thrown));
  let closing: Promise<void> | undefined;

  const assembly: Assembly = assembleClient(
    platform,
    {
      ...options,
      transports,
      order,
      outbox: bounds,
      ...(store && { clientId: store.clientId }),
    },
    {
      machine,
      createNetworkMemory: platform.createNetworkMemory,
      attend: attendDevice(wakeupsFor(platform, options), clock),
      timeline,
      createLoops,
      keep:
        store && ((outbox) => store.keep(outbox, { clock, outcome: tellOutcome, broken: (error) => report(error) })),
      events: { outcome: outcomes },
      unansweredOfOthers: () => tender?.size ?? 0,
    },
  );
  const { client, connection, outbox, changed, report } = assembly;
  const tender = store?.tend?.({ clock, open: openSender, changed });

  /** For what a closed tab left: keys count with the client id of their hello only, so it takes a client of its own. */
  function openSender(left: OutboxStore, told: (unanswered: number) => void): Client {
    const outboxOfOther = { ...options.outbox, store: left };
    const own = order.filter((name) => name !== "shared");
    const transport = own.length > 0 ? own : "auto";
    const sender = createClientOn(platform, { ...options, transport, share: undefined, outbox: outboxOfOther });
    sender.on("outcome", tellOutcome);
    sender.on("error", assembly.errors.emit);
    sender.on("status", ({ unanswered }) => told(unanswered));
    return sender;
  }

  function tellOutcome(outcome: Outcome): void {
    const { channel, error } = outcome;
    if (error && outcomes.size === 0) report(error, { channel });
    outcomes.emit(outcome);
  }

  const undoLogout = share?.onLogout(() => void close());
  const closeAssembly = client.close;

  function close(): Promise<void> {
    closing ??= end();
    return closing;
  }

  async function end(): Promise<void> {
    undoLogout?.();
    await Promise.all([closeAssembly(), tender?.close()]);
  }

  // With loops its channels are iterable, and with `outcome` it has that event. Assigned, since a copy would have the status of this moment for ever.
  const whole = Object.assign(client as Pick<Client, keyof CoreClient>, {
    use: (transport: TransportChoice) => connection.use(readChoice(transport, transports, share)),
    pending: () => [...(tender?.pending() ?? []), ...outbox.entries().flatMap((entry) => describeEntry(entry) ?? [])],
    timeline: timeline.entries,
    close,
  });
  return { client: whole, clock, submit: assembly.submit };
}

function wakeupsFor({ wakeups, ...platform }: ClientPlatform, options: ClientOptions): Wakeups {
  const { sleepAfterHiddenMs, clock = platform.clock } = options;
  if (sleepAfterHiddenMs === undefined) return wakeups;
  if (!(sleepAfterHiddenMs >= 0 && Number.isFinite(sleepAfterHiddenMs))) {
    throw badOption("sleepAfterHiddenMs", quote(String(sleepAfterHiddenMs)), "a number of milliseconds, 0 or more");
  }
  return sleepHidden(wakeups, sleepAfterHiddenMs, clock);
}

// --- transports ---

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
  if (order.length === 0) {
    throw badOption("transport", names.join(", "), `what this platform has: ${supported.join(", ")}`);
  }
  const useful = share?.isUseful() === false ? order.filter((name) => name !== "shared") : order;
  return useful.length > 0 ? useful : order;
}

/** The connection of other tabs comes before one that only this tab has. */
function withShared(all: readonly ClientTransport[], shared: ClientTransport | undefined): readonly ClientTransport[] {
  if (!shared) return all;
  const at = all.findIndex(({ name }) => name !== "websocket");
  return at < 0 ? [...all, shared] : [...all.slice(0, at), shared, ...all.slice(at)];
}

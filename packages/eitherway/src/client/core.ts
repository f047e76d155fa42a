/**
 * The client by the piece, for bundles that count bytes: it has the transports and parts that the program names, and no other.
 *
 * All that is promised holds here as well: jitter and floors of pauses, the watch over silent links, exact resume, `gap` and holes,
 * keys and `outcome-unknown`. Of `eitherway/client` it leaves out `for await` (a contract brings it along), `timeline()`, `use()`,
 * `pending()`, `outbox.store`, `share` and the memory of what worked on a network; the choice among transports and wake-ups are parts.
 */
import { assembleClient, badOption, type ClientParts } from "./assemble-client.ts";
import type { ChannelsParts } from "./channels.ts";
import type { CommonOptions, CoreClient } from "./client-api.ts";
import type { Attend } from "./connection.ts";
import type { Machine } from "./connection-state.ts";
import { corePlatform } from "./core-platform.ts";
import { attendDevice } from "./device.ts";
import { plainMachine } from "./plain-machine.ts";
import type { ClientClock } from "./ports.ts";
import { type ClientSeam, type Opener, openClient } from "./seam.ts";
import type { ClientTransport } from "./transport.ts";
import { webWakeups } from "./wakeups.ts";

export { EitherwayError, type ErrorCode, type GapReason, type Id, isEitherwayError } from "../protocol/index.ts";
export type * from "./client-api.ts";
export { type HistoryOptions, type HistoryPage, readHistory } from "./history.ts";
export { machine as choice } from "./machine.ts";
export type { ClientClock, Random, Undo } from "./ports.ts";
export { readStream, type StreamChunk, type StreamReader, type StreamSnapshot, type StreamState } from "./streams.ts";
export type * from "./transport.ts";
export { pollTransport as poll } from "./transports/poll.ts";
export { sseTransport as sse } from "./transports/sse.ts";
export { webSocketTransport as webSocket } from "./transports/websocket.ts";
export type * from "./typed/typed-api.ts";

export interface CoreClientOptions extends CommonOptions {
  /** The transports to use, best first. Node 20 has no WebSocket of its own: `eitherway/client` brings one. */
  readonly transports: readonly ClientTransport[];
  /**
   * `choice` of this module: lets transports race, gives up a stream that is open but mute, puts off what does not live here and
   * probes what is better. Default: one at a time, the next one after each that failed, from the first one again after a cut.
   */
  readonly choice?: Machine;
  /**
   * `wakeups` of this module: looks at the link when the page or the network comes back, and closes it when the page is put away.
   * Default: a link that did not live through it is found out by its silence.
   */
  readonly wakeups?: (clock: ClientClock) => Attend;
}

/**
 * A client of these pieces. With one transport alone there is nothing to fall back to where the network does not let it through.
 *
 * @example
 * import { choice, createClient, sse, webSocket } from "eitherway/client/core";
 * const client = createClient({ url: "/eitherway", transports: [webSocket, sse], choice });
 * // with a contract: createClient(app, { url: "/eitherway", transports: [webSocket] })
 *
 * @throws EitherwayError `bad-request` for an option that makes no sense
 */
export function createClient<Typed>(
  app: Opener<Typed>,
  options: CoreClientOptions,
): Pick<Typed, keyof CoreClient & keyof Typed>;
export function createClient(options: CoreClientOptions): CoreClient;
export function createClient(first: Opener<CoreClient> | CoreClientOptions, second?: CoreClientOptions): CoreClient {
  return openClient(first, second, createSeam);
}

function createSeam(options: CoreClientOptions, parts: ChannelsParts): ClientSeam {
  const { transports, clock = corePlatform.clock, choice = plainMachine, wakeups } = options;
  const order = transports.filter((transport) => transport.supported()).map(({ name }) => name);
  if (order.length === 0) throw badOption("transports", "nothing that this platform has", "at least one that it has");
  const own: ClientParts = { ...parts, machine: choice, attend: wakeups?.(clock) };
  const { client, submit } = assembleClient(corePlatform, { ...options, order }, own);
  return { client: client as ClientSeam["client"], clock, submit }; // iterable where a contract brings the part for it
}

/** What a page hears of its device and its network. */
export const wakeups = (clock: ClientClock): Attend => attendDevice(webWakeups, clock);

/** The client under React Native: the same API; event streams by XMLHttpRequest, since its `fetch` gives answers only as a whole. */
import { createSeamOn } from "./client.ts";
import type { Client, ClientOptions } from "./client-api.ts";
import { createNetworkMemory } from "./network-memory.ts";
import { webPlatform } from "./platform.ts";
import type { Wakeups } from "./ports.ts";
import { type ClientSeam, type Opener, openClient } from "./seam.ts";
import { pollTransport } from "./transports/poll.ts";
import { sseXhrTransport } from "./transports/sse-xhr.ts";
import { webSocketTransport } from "./transports/websocket.ts";

export { EitherwayError, type ErrorCode, type GapReason, type Id, isEitherwayError } from "../protocol/index.ts";
export type * from "./client-api.ts";
export { type HistoryOptions, type HistoryPage, readHistory } from "./history.ts";
export type { ClientClock, Random, Undo } from "./ports.ts";
export { readStream, type StreamChunk, type StreamReader, type StreamSnapshot, type StreamState } from "./streams.ts";
export type * from "./transport.ts";
export type * from "./typed/typed-api.ts";

export interface NativeClientOptions extends ClientOptions {
  /**
   * `AppState` of `react-native`, which nothing here imports. With it the client looks at its link whenever the application comes to
   * the front, as it does in browsers by itself: phones end sockets behind a sleeping application without a word.
   */
  readonly appState?: AppState;
}

/** The part of React Native's `AppState` that is used. */
export interface AppState {
  addEventListener(type: "change", listener: (state: string) => void): { remove(): void };
}

/**
 * See index.ts. Without a page there is nothing for `url` to be relative to.
 *
 * @example
 * import { AppState } from "react-native";
 * const client = createClient({ url: "https://example.org/eitherway", appState: AppState });
 */
export function createClient<Typed>(app: Opener<Typed>, options: NativeClientOptions): Typed;
export function createClient(options: NativeClientOptions): Client;
export function createClient(first: Opener<Client> | NativeClientOptions, second?: NativeClientOptions): Client {
  return openClient(first, second, createNativeSeam);
}

function createNativeSeam({ appState, ...options }: NativeClientOptions): ClientSeam<Client> {
  return createSeamOn(
    {
      ...webPlatform,
      transports: [webSocketTransport, sseXhrTransport, pollTransport],
      wakeups: appState ? wakeupsOf(appState) : () => () => {},
      createNetworkMemory,
      createClientId,
      baseUrl: undefined,
    },
    options,
  );
}

/** Nothing ends when the application leaves the front: what may go on there, goes on. */
function wakeupsOf(appState: AppState): Wakeups {
  return ({ woken }) => {
    const subscription = appState.addEventListener("change", (state) => {
      if (state === "active") woken();
    });
    return () => subscription.remove();
  };
}

const CLIENT_ID_LENGTH = 24; // as many digits as a client id has elsewhere
const HEX = 16;

/** React Native has no `crypto` unless the application brings one. Chance is as unique then, and not as hard to guess. */
function createClientId(): string {
  if (globalThis.crypto) return webPlatform.createClientId();
  return Array.from({ length: CLIENT_ID_LENGTH }, () => Math.floor(Math.random() * HEX).toString(HEX)).join("");
}

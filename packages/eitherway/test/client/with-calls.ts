/** A client without a contract whose calls a test can make. */
import type { Client } from "../../src/client/client-api.ts";
import { createLoops } from "../../src/client/loops.ts";
import { type ClientSeam, OPEN_CLIENT, type Opener } from "../../src/client/seam.ts";
import { type CallOptions, call } from "../../src/client/typed/calls.ts";

export interface CallingClient {
  readonly client: Client;
  call(channel: string, name: string, input?: unknown, options?: CallOptions): Promise<unknown>;
}

export function withCalls(seam: ClientSeam): CallingClient {
  const client = seam.client as Client; // where `createClient` of eitherway/client opens it
  return { client, call: (channel, name, input, options) => call(seam, channel, name, input, options) };
}

/** For `createClient`. */
export const WITH_CALLS: Opener<CallingClient> = { [OPEN_CLIENT]: { open: withCalls, createLoops } };

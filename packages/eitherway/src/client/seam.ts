/** What the typed client of a contract is built on. The client itself knows no contract, so that programs without one carry none. */
import type { ArrivedOk } from "../protocol/index.ts";
import type { Client } from "./client-api.ts";
import type { CreateAsker } from "./command.ts";
import type { CommandDraft } from "./outbox.ts";
import type { ClientClock } from "./ports.ts";

/** Under this name a contract has the function that opens its client. */
export const OPEN_CLIENT: unique symbol = Symbol.for("eitherway.open-client");

/** What `contract()` gives, as `createClient` sees it. */
export interface Opener<TypedClient> {
  readonly [OPEN_CLIENT]: (seam: ClientSeam) => TypedClient;
}

export interface ClientSeam {
  /** The untyped client. Its channels may be reserved logs as well: `@presence/…`, `@stream/…`. */
  readonly client: Client;
  readonly clock: ClientClock;
  /** Sends a command until it is answered: keyed, in order per channel, over any link (P5). */
  submit(draft: CommandDraft, options?: SubmitOptions): Promise<ArrivedOk>;
}

export interface SubmitOptions {
  readonly key?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Of a call. */
  readonly createAsker?: CreateAsker | undefined;
}

/** A client, or what a contract makes of it. */
export function openClient<TypedClient, Options>(
  first: Opener<TypedClient> | Options,
  second: Options | undefined,
  create: (options: Options) => ClientSeam,
): TypedClient | Client {
  return isOpener<TypedClient>(first) ? first[OPEN_CLIENT](create(second as Options)) : create(first).client;
}

function isOpener<TypedClient>(value: unknown): value is Opener<TypedClient> {
  return typeof value === "object" && value !== null && OPEN_CLIENT in value;
}

/** What the typed client of a contract is built on. The client itself knows no contract, so that programs without one carry none. */
import type { ArrivedOk } from "../protocol/index.ts";
import type { ChannelsParts } from "./channels.ts";
import type { Client, CoreClient } from "./client-api.ts";
import type { CreateAsker } from "./command.ts";
import type { CommandDraft } from "./outbox.ts";
import type { ClientClock } from "./ports.ts";

/** Under this name a contract has the function that opens its client. */
export const OPEN_CLIENT: unique symbol = Symbol.for("eitherway.open-client");

/** What `contract()` gives, as `createClient` sees it. */
export interface Opener<TypedClient> {
  readonly [OPEN_CLIENT]: Opening<TypedClient>;
}

/** A typed client, and the parts that the one below it has to have for it, in whatever bundle. */
export interface Opening<TypedClient> extends Required<ChannelsParts> {
  open(seam: ClientSeam): TypedClient;
}

/** Where `createLoops` is among its parts. */
type IterableClient = Pick<Client, keyof CoreClient>;

export interface ClientSeam<Untyped extends IterableClient = IterableClient> {
  /** The untyped client. Its channels may be reserved logs as well: `@presence/…`, `@stream/…`. */
  readonly client: Untyped;
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
export function openClient<TypedClient, Options, Untyped extends IterableClient>(
  first: Opener<TypedClient> | Options,
  second: Options | undefined,
  create: (options: Options, parts: ChannelsParts) => ClientSeam<Untyped>,
): TypedClient | Untyped {
  if (!isOpener<TypedClient>(first)) return create(first, {}).client;
  const { open, ...parts } = first[OPEN_CLIENT];
  return open(create(second as Options, parts));
}

function isOpener<TypedClient>(value: unknown): value is Opener<TypedClient> {
  return typeof value === "object" && value !== null && OPEN_CLIENT in value;
}

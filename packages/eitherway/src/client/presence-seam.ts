/** What presence needs of a client. Apart from both, so that a client without presence carries none of it. */
import type { ArrivedOk, EitherwayError } from "../protocol/index.ts";
import type { CoreChannel, ErrorContext } from "./client-api.ts";
import type { Connection } from "./connection.ts";
import type { Emitter } from "./emitter.ts";
import type { CommandDraft } from "./outbox.ts";
import type { ClientClock } from "./ports.ts";

/** Where a client has it. */
export const PRESENCE_SEAM = Symbol.for("eitherway.presence");

/** Every client of ours. */
export interface WithPresence {
  readonly [PRESENCE_SEAM]: PresenceSeam;
}

export interface PresenceSeam {
  /** Of the client. */
  readonly id: string;
  readonly clock: ClientClock;
  readonly connection: Pick<Connection, "state" | "update">;
  /** Told of every link that opens. */
  readonly links: Pick<Emitter<[]>, "add">;
  /** Whatever is present in some channel: while there is any, links say so, once `connection.update` was called. */
  readonly present: Set<object>;
  /** Called when the client closes, which waits for them. They never reject. */
  readonly farewells: Set<() => Promise<void>>;
  channel(name: string, options: undefined): CoreChannel;
  /** Resolves when the server has done it; waits and is sent again like a publish. `signal` takes back what was not sent. */
  submit(draft: CommandDraft, options: { readonly signal: AbortSignal }): Promise<ArrivedOk>;
  /** An error that nobody waits for. */
  report(error: EitherwayError, about: ErrorContext): void;
  handlerThrew(thrown: unknown, about: ErrorContext): void;
}

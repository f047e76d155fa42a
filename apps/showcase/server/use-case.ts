/** What a use case gives to the server that runs them all. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { NodeEitherway } from "eitherway";

export interface UseCase {
  /** The folder, and the first segment of its URLs: Eitherway is at `/<name>/eitherway`. */
  readonly name: string;
  readonly ew: Pick<NodeEitherway, "attach" | "close" | "fetch" | "stats">;
  /** Answers requests of its own below `/<name>/`. `false`: not one of them. */
  handle?(request: IncomingMessage, response: ServerResponse): boolean;
  /** Ends what runs beside Eitherway, before that closes. */
  close?(): void | Promise<void>;
}

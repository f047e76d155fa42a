/** What a platform needs to hand requests over: the router implements it, `node/attach.ts` calls it. */
import type { HttpExchange, UpgradeExchange } from "../core/index.ts";

export interface RequestHandler {
  /**
   * Whether a path outside the base path is ours too (`/healthz`). Everything below the base path is ours without asking;
   * what is neither is left to the application.
   *
   * @param path percent-encoded, starts with `/`, without the query
   */
  handles(path: string): boolean;

  /** Answers the request, errors included. A rejection is a defect: the platform logs it and answers `internal`. */
  handle(exchange: HttpExchange): Promise<void>;

  /** Accepts or refuses a WebSocket handshake at the base path or below. */
  upgrade(request: UpgradeExchange): void;
}

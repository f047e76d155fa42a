/** Takes WebSocket handshakes below the base path, whoever has read them: `node:http`, or the handshake reader ahead of it. */
import type { Duplex } from "node:stream";
import { causeOf, type Limits, type Logger } from "../core/index.ts";
import { toEitherwayError } from "../protocol/index.ts";
import type { TrustProxy } from "../server/index.ts";
import { targetOf } from "../server/index.ts";
import { errorAnswer } from "../transports/answers.ts";
import type { RequestHandler } from "../transports/index.ts";
import {
  checkHandshake,
  createUpgradeExchange,
  createWebSocketAcceptor,
  refuseUpgrade,
  type UpgradeRequest,
} from "./upgrade-exchange.ts";
import type { SocketSettings } from "./upgraded-socket.ts";

/**
 * @param socket with a listener for its errors: their news also comes as `close`
 * @param head what the client sent behind its request
 * @returns `false`: not ours, and nothing was touched
 */
export type UpgradeDoor = (request: UpgradeRequest, socket: Duplex, head: Buffer) => boolean;

export interface UpgradeDoorOptions {
  readonly basePath: string;
  readonly trustProxy?: TrustProxy;
  readonly limits: Limits;
  readonly logger: Logger;
  /** Of all doors of one server. */
  readonly unfinished: SocketSettings["unfinished"];
}

export function createUpgradeDoor(handler: RequestHandler, options: UpgradeDoorOptions): UpgradeDoor {
  const { basePath, trustProxy = false, limits, logger, unfinished } = options;
  const acceptor = createWebSocketAcceptor(limits, unfinished);
  return (request, socket, head) => {
    const target = targetOf(request.url ?? "", basePath, handler);
    if (!target || request.headers.upgrade?.toLowerCase() !== "websocket") return false;
    try {
      checkHandshake(request);
      handler.upgrade(createUpgradeExchange(request, socket, head, { ...target, trustProxy, acceptor }));
    } catch (thrown) {
      const error = toEitherwayError(thrown);
      if (error.code === "internal") logger.error("upgrade failed", { cause: causeOf(error.cause ?? error) });
      if (error.code === "bad-request") refuseUpgrade(socket, errorAnswer(error));
      else socket.destroy();
    }
    return true;
  };
}

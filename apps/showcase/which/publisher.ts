/** Who publishes what comes down: the same connection for all sides, so that sides differ by the way down alone. */
import { webSocket } from "eitherway/client/core";
import type { RoundMessage } from "eitherway/instrument";
import { createSideClient } from "./way.ts";

export interface Publisher {
  /** For people. */
  readonly over: "WebSocket" | "POST";
  /** Resolves once the message is stored; rejects when the signal ends the wait. */
  publish(channel: string, message: RoundMessage, signal: AbortSignal): Promise<unknown>;
  close(): Promise<void>;
}

/** Best where it gets through: messages keep their order and share one connection. */
export function createSocketPublisher(): Publisher {
  const client = createSideClient({ transport: webSocket });
  return {
    over: "WebSocket",
    publish: (channel, message, signal) => client.channel(channel).publish(message, { signal }),
    close: () => client.close(),
  };
}

/** A request a message, and not the batches of a client: those would bring messages in bunches. */
export function createPostPublisher(): Publisher {
  return {
    over: "POST",
    async publish(channel, message, signal) {
      const response = await fetch(`/eitherway/channels/${channel}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(message),
        signal,
      });
      const answer = await response.text();
      if (!response.ok) throw new Error(`the server answered a publish with ${response.status}: ${answer}`);
    },
    close: async () => {},
  };
}

/** A round's way, made of a client and a channel. */
import type { Client } from "../../client/index.node.ts";
import type { RoundMessage, Trace, Way } from "../../instrument/index.ts";
import { type ContentKind, contentOf, messageOf } from "./content.ts";

export interface ClientWayOptions {
  /** Made when the round opens: what is measured begins with it. */
  createClient(): Client;
  readonly channel: string;
  readonly kind: ContentKind;
  /** Has messages sent to the channel, by whoever is at the far end. */
  order(trace: Trace): Promise<void>;
}

export function createClientWay({ createClient, channel, kind, order }: ClientWayOptions): Way {
  const listeners: ((message: RoundMessage) => void)[] = [];
  let client: Client | undefined;

  const opened = (): Client => {
    if (!client) throw new Error("open comes first");
    return client;
  };

  return {
    async open() {
      client = createClient();
      const handle = client.channel(channel);
      const live = new Promise<void>((resolve, reject) => {
        handle.on("live", () => resolve());
        handle.on("error", reject);
        client?.on("status", ({ state, lastError }) => {
          if (state === "stopped" || state === "waiting") reject(new Error(lastError?.message ?? state));
        });
      });
      handle.on("message", (content) => {
        const message = messageOf(content);
        for (const listener of listeners) listener(message);
      });
      await live;
    },
    publish: (message) => opened().channel(channel).publish(contentOf(kind, message), { kind }),
    order,
    onMessage(listener) {
      listeners.push(listener);
    },
    async close() {
      await client?.close();
    },
  };
}

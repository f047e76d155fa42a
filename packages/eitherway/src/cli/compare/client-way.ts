/** A round's way, made of a client and a channel. */
import type { Client } from "../../client/index.node.ts";
import type { RoundMessage, Trace, Way } from "../../instrument/index.ts";
import { type ContentKind, contentOf, messageOf } from "./content.ts";

export interface ClientWayOptions {
  /** Made when the round opens: what is measured begins with it. */
  createClient(): Client;
  readonly channels: Channels;
  readonly kind: ContentKind;
  /** Has messages sent to the channel, by whoever is at the far end. */
  order(trace: Trace): Promise<void>;
  /** What the far end got of the publishes, where it can be asked. */
  readonly heard?: Way["heard"];
}

/** One for each direction: the client does not get its own publishes back, so each direction is measured alone. */
export interface Channels {
  readonly down: string;
  readonly up: string;
}

const UP = "/up";

export function isUp(channel: string): boolean {
  return channel.endsWith(UP);
}

/** Of one round, which nobody else knows. */
export function createChannels(): Channels {
  const name = `compare/${crypto.randomUUID()}`;
  return { down: `${name}/down`, up: name + UP };
}

export function createClientWay({ createClient, channels, kind, order, heard }: ClientWayOptions): Way {
  const listeners: ((message: RoundMessage) => void)[] = [];
  let client: Client | undefined;

  const opened = (): Client => {
    if (!client) throw new Error("open comes first");
    return client;
  };

  return {
    async open() {
      client = createClient();
      const handle = client.channel(channels.down);
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
    publish: (message) => opened().channel(channels.up).publish(contentOf(kind, message), { kind }),
    order,
    ...(heard && { heard }),
    onMessage(listener) {
      listeners.push(listener);
    },
    async close() {
      await client?.close();
    },
  };
}

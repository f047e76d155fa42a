/** What one channel handle has brought so far, and a way to wait for more. */
import type { Channel, Gap, MessageMeta } from "../client/index.node.ts";
import type { Id } from "../protocol/index.ts";

export interface Collected {
  readonly data: unknown[];
  readonly metas: MessageMeta[];
  readonly gaps: Gap[];
  readonly lives: Id[];
  readonly errors: string[];
  /** Resolves once `look` is true; looks after each event. */
  until(look: (so: Collected) => boolean): Promise<void>;
  /** Resolves with the data when so many messages came. */
  messages(count: number): Promise<unknown[]>;
  /** Resolves when the subscription is live. */
  live(): Promise<void>;
  /** Ends the subscription. */
  stop(): void;
}

export function collect(channel: Channel): Collected {
  const waiting = new Set<() => void>();
  const changed = (): void => {
    for (const look of [...waiting]) look();
  };
  const collected: Collected = {
    data: [],
    metas: [],
    gaps: [],
    lives: [],
    errors: [],
    until: (look) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (!look(collected)) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
    async messages(count) {
      await collected.until(({ data }) => data.length >= count);
      return collected.data;
    },
    live: () => collected.until(({ lives }) => lives.length > 0),
    stop() {
      for (const undo of undos) undo();
    },
  };
  const undos = [
    channel.on("gap", (gap) => {
      collected.gaps.push(gap);
      changed();
    }),
    channel.on("live", (id) => {
      collected.lives.push(id);
      changed();
    }),
    channel.on("error", ({ code }) => {
      collected.errors.push(code);
      changed();
    }),
    channel.on("message", (data, meta) => {
      collected.data.push(data);
      collected.metas.push(meta);
      changed();
    }),
  ];
  return collected;
}

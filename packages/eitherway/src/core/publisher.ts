/** Where every message goes in: admitted by the application's rules, then to the log, or announced. */
import { toEitherwayError } from "../protocol/index.ts";
import type { Draft, Receipt } from "./broker.ts";
import type { Published } from "./hub-api.ts";
import type { Admitted, Rules } from "./rules.ts";

export interface PublisherOptions {
  readonly rules: Rules | undefined;
  append(channel: string, drafts: readonly Draft[]): Promise<readonly Receipt[]>;
  /** To those who listen now; kept nowhere. */
  announce(channel: string, drafts: readonly Draft[]): void;
}

export type Publish = (channel: string, drafts: readonly Draft[], own: boolean) => Promise<readonly Published[]>;

const ANNOUNCED: Published = { ok: true, id: undefined, repeated: false };

/** Without rules there is nothing but the append, in the very turn of the call. */
export function createPublisher({ rules, append, announce }: PublisherOptions): Publish {
  if (!rules) return append;

  /** Messages are admitted and appended one after the other where a validator has to be waited for. */
  return async (channel, drafts, own) => {
    const published: Published[] = [];
    let logged: Draft[] = [];
    const appendLogged = async (): Promise<void> => {
      if (logged.length > 0) published.push(...(await append(channel, logged)));
      logged = [];
    };
    for (const draft of drafts) {
      try {
        const admitted = rules.admit(channel, draft.event, draft.payload, own);
        const { payload, delivery } = admitted instanceof Promise ? await admitted : (admitted satisfies Admitted);
        if (delivery.class === "reliable") logged.push({ ...draft, payload });
        else if (delivery.class === "latest") logged.push({ ...draft, payload, collapse: delivery.collapse });
        else {
          await appendLogged();
          announce(channel, [{ ...draft, payload }]);
          published.push(ANNOUNCED);
        }
      } catch (thrown) {
        await appendLogged();
        published.push({ ok: false, error: toEitherwayError(thrown) });
      }
    }
    await appendLogged();
    return published;
  };
}

/** Where every message goes in: admitted by the application's rules, then to the log, or announced. */
import { EitherwayError, isEitherwayError } from "../protocol/index.ts";
import type { Draft, Receipt } from "./broker.ts";
import type { Published } from "./hub-api.ts";
import type { Logger, Metrics } from "./ports.ts";
import type { Rules } from "./rules.ts";

export interface PublisherOptions {
  readonly rules: Rules | undefined;
  readonly metrics: Metrics;
  readonly logger: Logger;
  append(channel: string, drafts: readonly Draft[]): Promise<readonly Receipt[]>;
  /** To those who listen now; kept nowhere. */
  announce(channel: string, drafts: readonly Draft[]): void;
}

export type Publish = (channel: string, drafts: readonly Draft[], own: boolean) => Promise<readonly Published[]>;

const ANNOUNCED: Published = { ok: true, id: undefined, repeated: false };

/** Without rules there is nothing but the append, in the very turn of the call. */
export function createPublisher({ rules, metrics, logger, append, announce }: PublisherOptions): Publish {
  if (!rules) return append;

  function refusalOf(thrown: unknown, channel: string): EitherwayError {
    const error = isEitherwayError(thrown) ? thrown : brokenRule(thrown, channel);
    metrics.count(`publish.refused.${error.code}`);
    return error;
  }

  /** For good, since the same message would break it again, and hold up what is behind it for ever. */
  function brokenRule(cause: unknown, channel: string): EitherwayError {
    logger.error("schema failed", { channel, cause: String(cause) });
    return new EitherwayError("invalid", `The schema of an event on ${channel} failed; the server's log tells more.`, {
      cause,
    });
  }

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
        const { payload, delivery } = admitted instanceof Promise ? await admitted : admitted;
        if (delivery.class === "reliable") logged.push({ ...draft, payload });
        else if (delivery.class === "latest") logged.push({ ...draft, payload, collapse: delivery.collapse });
        else {
          await appendLogged();
          announce(channel, [{ ...draft, payload }]);
          published.push(ANNOUNCED);
        }
      } catch (thrown) {
        await appendLogged();
        published.push({ ok: false, error: refusalOf(thrown, channel) });
      }
    }
    await appendLogged();
    return published;
  };
}

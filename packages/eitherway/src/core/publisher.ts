/** Where every message goes in: admitted by the application's rules, then to the log, into a window, or announced. */
import { isEitherwayError, isRetryable, toEitherwayError } from "../protocol/index.ts";
import type { Admit } from "./admission.ts";
import type { Draft, Receipt } from "./broker.ts";
import type { Published } from "./hub-api.ts";
import type { LatestWindows } from "./latest-windows.ts";
import type { Metrics } from "./ports.ts";
import type { Admitted } from "./rules.ts";

export interface PublisherOptions {
  readonly admit: Admit;
  readonly windows: Pick<LatestWindows, "hold">;
  readonly metrics: Metrics;
  /** Never rejects. */
  append(channel: string, drafts: readonly Draft[]): Promise<readonly Receipt[]>;
  /** To those who listen now; kept nowhere. Throws `too-large`. */
  announce(channel: string, drafts: readonly Draft[]): void;
}

/** What came of a message, or will have come of it when the window of its collapse key is over. The promise never rejects. */
export type PublishOutcome = Published | { readonly later: Promise<Published> };

/** After a failure that may pass the rest fails alike, as with a broker. */
export type Publish = (channel: string, drafts: readonly Draft[], own: boolean) => Promise<readonly PublishOutcome[]>;

const ANNOUNCED: Published = { ok: true, id: undefined, repeated: false };

export function createPublisher({ admit, windows, metrics, append, announce }: PublisherOptions): Publish {
  /** `undefined`: the message is to be logged, now. */
  function takeIn(channel: string, draft: Draft, { payload, delivery }: Admitted, log: (draft: Draft) => void) {
    switch (delivery.class) {
      case "volatile":
        announce(channel, [{ ...draft, payload }]);
        return ANNOUNCED;
      case "latest": {
        const { collapse, windowMs } = delivery;
        const latest = { ...draft, payload, collapse };
        const later = windowMs > 0 ? windows.hold(channel, latest, windowMs) : undefined;
        if (later !== undefined) return { later };
        log(latest);
        return undefined;
      }
      case "reliable":
        log(payload === draft.payload ? draft : { ...draft, payload });
        return undefined;
    }
  }

  return async (channel, drafts, own) => {
    const outcomes: PublishOutcome[] = [];
    let logged: Draft[] = [];
    /** Where their receipts belong. */
    let places: number[] = [];
    let failure: Published | undefined;

    /** All that was admitted so far. Called before anything is waited for or announced, so that order holds. */
    async function appendLogged(): Promise<void> {
      if (logged.length === 0) return;
      const at = places;
      const appended = append(channel, logged);
      logged = [];
      places = [];
      for (const [i, receipt] of (await appended).entries()) {
        outcomes[at[i] as number] = receipt;
        if (!receipt.ok && isRetryable(receipt.error.code)) failure = receipt;
      }
    }

    for (const [at, draft] of drafts.entries()) {
      const asked = admit(channel, draft.event, draft.payload, own);
      if (asked instanceof Promise) await appendLogged();
      const admitted = asked instanceof Promise ? await asked : asked;
      try {
        if (isEitherwayError(admitted)) throw admitted;
        if (admitted.delivery.class === "volatile") await appendLogged();
        const outcome =
          failure ??
          takeIn(channel, draft, admitted, (one) => {
            logged.push(one);
            places.push(at);
          });
        if (outcome) outcomes[at] = outcome;
      } catch (thrown) {
        const error = toEitherwayError(thrown);
        metrics.count(`publish.refused.${error.code}`);
        outcomes[at] = { ok: false, error };
      }
    }
    await appendLogged();
    return outcomes;
  };
}

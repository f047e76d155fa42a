/** What clients announce: admitted by the application's rules, told to who listens now, and never answered. */
import { type AnnounceFrame, EitherwayError, isEitherwayError, quote, toEitherwayError } from "../protocol/index.ts";
import type { Admit } from "./admission.ts";
import { type Identity, permit } from "./authority.ts";
import type { Volatile } from "./broker.ts";
import type { Hub } from "./hub-api.ts";
import type { Metrics } from "./ports.ts";

export interface AnnouncerOptions {
  /** Default: every message may be told as it is. */
  readonly admit: Admit | undefined;
  readonly metrics: Metrics;
  /** Throws `too-large`. */
  tell(channel: string, messages: readonly Volatile[]): void;
}

export function createAnnouncer({ admit, metrics, tell }: AnnouncerOptions): Hub["announce"] {
  async function announceOne({ channel, event, payload }: AnnounceFrame, who: Identity): Promise<void> {
    if (who.rights) await permit(who, channel, "publish");
    const from = who.user === undefined ? undefined : { from: who.user };
    if (!admit) {
      tell(channel, [{ event, payload, ...from }]);
      return;
    }
    const asked = admit(channel, event, payload, false);
    const admitted = asked instanceof Promise ? await asked : asked;
    if (isEitherwayError(admitted)) throw admitted;
    if (admitted.delivery.class !== "volatile") throw notVolatile(channel, event);
    tell(channel, [{ event, payload: admitted.payload, ...from }]);
  }

  return async (frames, who) => {
    const errors: EitherwayError[] = [];
    for (const frame of frames) {
      try {
        await announceOne(frame, who);
      } catch (thrown) {
        const error = toEitherwayError(thrown);
        metrics.count(`announce.refused.${error.code}`);
        errors.push(error);
      }
    }
    return errors;
  };
}

/**
 * What one link announces, told in the order in which it came, though a validator may be slow; what is too much meanwhile is dropped.
 *
 * @param session whose token may become another one meanwhile
 * @param refused hears why an announcement was refused
 */
export function createAnnouncements(
  hub: Pick<Hub, "announce" | "limits" | "metrics">,
  session: { readonly who: Identity },
  refused: (error: EitherwayError) => void,
): (frame: AnnounceFrame) => void {
  const waiting: AnnounceFrame[] = [];
  let busy = false;

  async function tellAll(): Promise<void> {
    busy = true;
    while (waiting.length > 0) for (const error of await hub.announce(waiting.splice(0), session.who)) refused(error);
    busy = false;
  }

  return (frame) => {
    if (waiting.length >= hub.limits.inFlight) {
      hub.metrics.count("volatile.dropped");
      return;
    }
    waiting.push(frame);
    if (!busy) void tellAll();
  };
}

function notVolatile(channel: string, event: string): EitherwayError {
  return new EitherwayError(
    "bad-request",
    `Event ${quote(event)} of ${quote(channel)} is not volatile, so it is kept and has an answer; publish it.`,
  );
}

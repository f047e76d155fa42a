/** The application's rules about one message, asked by whoever takes messages in. */
import { EitherwayError, isEitherwayError, type Payload } from "../protocol/index.ts";
import { causeOf } from "./cause-of.ts";
import type { Logger } from "./ports.ts";
import type { Admitted, Rules } from "./rules.ts";

/** Never throws and never rejects: why a message is refused is a value, so that order can be kept by waiting for it. */
export type Admit = (channel: string, event: string, payload: Payload, own: boolean) => Admission | Promise<Admission>;

export type Admission = Admitted | EitherwayError;

export function createAdmit(rules: Rules, logger: Logger): Admit {
  function refusalOf(thrown: unknown, channel: string): EitherwayError {
    if (isEitherwayError(thrown)) return thrown;
    logger.error("schema failed", { channel, cause: causeOf(thrown) });
    // For good, since the same message would break it again, and hold up what is behind it for ever.
    return new EitherwayError("invalid", `The schema of an event on ${channel} failed; the server's log tells more.`, {
      cause: thrown,
    });
  }

  return (channel, event, payload, own) => {
    try {
      const asked = rules.admit(channel, event, payload, own);
      return asked instanceof Promise ? asked.catch((thrown: unknown) => refusalOf(thrown, channel)) : asked;
    } catch (thrown) {
      return refusalOf(thrown, channel);
    }
  };
}

/**
 * How far the server's clock is from the client's. The server stamps a message after it was sent and before it arrives, so
 * each message bounds the difference from both sides; all of them together bound it as tightly as the quickest ones allow.
 * Nothing is assumed about how a round trip divides into its two ways.
 */
export interface Stamps {
  /** When it was sent and when it arrived, by the client's clock, in ms. */
  readonly sent: number;
  readonly arrived: number;
  /** When the log took it, by the server's clock, in whole ms. */
  readonly server: number;
}

export interface ClockOffset {
  /** The server's clock less the client's, in ms. */
  readonly ms: number;
  /** It is wrong by no more than that, in ms. */
  readonly uncertainty: number;
}

export interface ClockBounds {
  take(stamps: Stamps): void;
  /** `undefined` before anything is known, and where a clock has stepped meanwhile: then no difference fits all messages. */
  offset(): ClockOffset | undefined;
}

/** The server's stamp says which millisecond, not where in it. */
const STAMP_MS = 1;

export function createClockBounds(): ClockBounds {
  let least = Number.NEGATIVE_INFINITY;
  let most = Number.POSITIVE_INFINITY;
  return {
    take({ sent, arrived, server }) {
      least = Math.max(least, server - arrived);
      most = Math.min(most, server + STAMP_MS - sent);
    },
    offset() {
      if (!Number.isFinite(least) || most < least) return undefined;
      return { ms: (least + most) / 2, uncertainty: (most - least) / 2 };
    },
  };
}

/** Both ways of a message, in ms, wrong by no more than the offset and half a stamp together. */
export function oneWays({ sent, arrived, server }: Stamps, { ms }: ClockOffset): { up: number; down: number } {
  const taken = server + STAMP_MS / 2 - ms;
  return { up: Math.max(0, taken - sent), down: Math.max(0, arrived - taken) };
}

/** What a producer appends, as payloads that may be stored: whole characters, and neighbours as one. */
import { EitherwayError, type Payload, textPayload, valuePayload } from "../protocol/index.ts";

/** Turns what an application appends into payloads. */
export interface PieceReader {
  /**
   * The payload of a piece, or `undefined` where nothing is left to store yet: an empty piece, or half of a character, which is
   * held until the other half comes.
   *
   * @throws EitherwayError `bad-request` for a piece of another kind, `bad-utf8` for half of a character that can have no other
   */
  read(piece: unknown): Payload | undefined;
  /** Half of a character is held. */
  readonly holdsHalf: boolean;
}

/** The first half of a surrogate pair at the end: models and sockets cut text wherever they like. */
const FIRST_HALF_AT_END = /[\ud800-\udbff]$/;

export function createPieceReader(kind: "text" | "bytes"): PieceReader {
  let half = "";
  return {
    read(piece) {
      if (kind === "bytes") {
        const payload = valuePayload(piece, "bytes");
        return payload.data.length > 0 ? payload : undefined;
      }
      if (typeof piece !== "string") {
        throw new EitherwayError(
          "bad-request",
          `A ${typeof piece} is no piece of text; give a string, or open the stream with { kind: "bytes" }.`,
        );
      }
      const text = half + piece;
      const whole = text.replace(FIRST_HALF_AT_END, "");
      const payload = textPayload(whole);
      half = text.slice(whole.length);
      return whole === "" ? undefined : payload;
    },
    get holdsHalf() {
      return half !== "";
    },
  };
}

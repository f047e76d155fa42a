/** Reads a request body within a size, a time and a share of memory. */
import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import type { EitherwayError } from "../protocol/index.ts";
import { type BodyOptions, bodyCut, bodyTooLarge, bodyTooLate, tooManyBodies } from "../transports/body-bounds.ts";

const MIB = 1024 * 1024;

/**
 * Bytes of a refused body that are still read, and forgotten, before the answer: a client that is not listening while it sends
 * would otherwise find its connection reset instead of the reason.
 */
export const DISCARD_BYTES = MIB;

/**
 * The whole body. Rejects with `too-large`, `body-timeout`, `unavailable` (the server holds too many unfinished bodies) or
 * `closed` (the client went away).
 */
export function readBody(request: IncomingMessage | Http2ServerRequest, options: BodyOptions): Promise<Uint8Array> {
  const { bytes: most, ms, clock, budget } = options;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let held = 0;

    const forget = (): void => {
      chunks.length = 0;
      budget.held -= held;
      held = 0;
    };
    const finish = (): void => {
      stopDeadline();
      forget();
      request.off("data", onData).off("end", onEnd).off("close", onClose);
    };
    const fail = (error: EitherwayError): void => {
      finish();
      reject(error);
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > most) {
        forget();
        if (size > most + DISCARD_BYTES) fail(bodyTooLarge(most));
      } else if (budget.held + chunk.length > budget.most) {
        fail(tooManyBodies());
      } else {
        chunks.push(chunk);
        held += chunk.length;
        budget.held += chunk.length;
      }
    };
    const conclude = (): void => {
      if (request.aborted) onClose();
      else if (size > most) fail(bodyTooLarge(most));
      else {
        const body = Buffer.concat(chunks, size);
        finish();
        resolve(body);
      }
    };
    const onEnd = (): void => {
      // HTTP/2 tells a stream that was taken back first as ended, and later in the same turn as aborted: half a body is none.
      if ("stream" in request) clock.defer(conclude);
      else conclude();
    };
    const onClose = (): void => {
      fail(bodyCut(size));
    };
    const stopDeadline = clock.after(ms, () => {
      fail(size > most ? bodyTooLarge(most) : bodyTooLate(ms, size));
    });

    request.on("data", onData).on("end", onEnd).on("close", onClose);
    if (request.destroyed) onClose();
    else if ((declaredLength(request) ?? 0) > most + DISCARD_BYTES) fail(bodyTooLarge(most));
  });
}

/** What `content-length` says; `undefined` where the length is open. */
export function declaredLength(request: IncomingMessage | Http2ServerRequest): number | undefined {
  const length = request.headers["content-length"];
  return length === undefined ? undefined : Number(length);
}

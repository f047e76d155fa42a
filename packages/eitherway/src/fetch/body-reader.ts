/** Reads the body of a web-standard request within a size, a time and a share of memory. */
import { EitherwayError } from "../protocol/index.ts";
import { type BodyOptions, bodyCut, bodyTooLarge, bodyTooLate, tooManyBodies } from "../transports/body-bounds.ts";
import { concat } from "../transports/poll.ts";

/**
 * The whole body. Rejects with `too-large`, `body-timeout`, `unavailable` (the server holds too many unfinished bodies) or
 * `closed` (the client went away).
 */
export async function readBody(request: Request, options: BodyOptions): Promise<Uint8Array> {
  const { bytes: most, ms, clock, budget } = options;
  if (request.bodyUsed) throw bodyReadBefore();
  if (!request.body) return new Uint8Array();
  if (Number(request.headers.get("content-length") ?? 0) > most) throw bodyTooLarge(most);
  const reader = request.body.getReader();
  let late = false;
  let size = 0;
  const undoDeadline = clock.after(ms, () => {
    late = true;
    void reader.cancel().catch(() => {}); // a body that breaks at its deadline is late as well
  });
  const chunks: Uint8Array[] = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (late) throw bodyTooLate(ms, size);
      if (done) return concat(chunks, size);
      size += value.length;
      budget.held += value.length;
      if (size > most) throw bodyTooLarge(most);
      if (budget.held > budget.most) throw tooManyBodies();
      chunks.push(value);
    }
  } catch (cause) {
    void reader.cancel().catch(() => {}); // the rest is not read, and its failure is no news
    if (cause instanceof EitherwayError) throw cause;
    if (late) throw bodyTooLate(ms, size);
    throw bodyCut(size, cause);
  } finally {
    undoDeadline();
    budget.held -= size;
  }
}

/** No fault of who asked; but whoever looks at the answer learns what is wrong. */
function bodyReadBefore(): EitherwayError {
  return new EitherwayError(
    "internal",
    "The application has read the body of this request before it gave it to Eitherway; leave Eitherway's paths out of that.",
  );
}

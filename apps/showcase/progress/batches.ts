/** Joins the pieces that come within a moment of each other: a model that writes a hundred tokens a second costs its readers thirty messages. */

/**
 * A batch ends `everyMs` after its first piece, whether or not another one comes. Pieces are asked for one at a time, and none while
 * whoever reads the batches is busy, so a slow reader slows the writer down.
 */
export async function* inBatches(
  pieces: AsyncIterable<string>,
  everyMs: number,
): AsyncGenerator<string, void, undefined> {
  const source = pieces[Symbol.asyncIterator]();
  let next = ask(source);
  try {
    for (let first = await next.result; !first.done; first = await next.result) {
      let batch = first.value;
      const window = openWindow(everyMs);
      next = ask(source);
      for (let more = await Promise.race([next.piece, window.over]); more !== undefined; ) {
        batch += more;
        next = ask(source);
        more = await Promise.race([next.piece, window.over]);
      }
      window.close();
      yield batch;
    }
  } finally {
    void source.return?.().catch(() => {}); // it may be in the middle of a piece, which nobody waits for
  }
}

interface Asked {
  readonly result: Promise<IteratorResult<string>>;
  /** `undefined` for the end, and for a failure: it is thrown behind the batch that it ends. */
  readonly piece: Promise<string | undefined>;
}

function ask(source: AsyncIterator<string>): Asked {
  const result = source.next();
  const piece = result.then(
    ({ done, value }) => (done ? undefined : value),
    () => undefined,
  );
  return { result, piece };
}

function openWindow(ms: number): { readonly over: Promise<undefined>; close(): void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  return { over, close: () => clearTimeout(timer) };
}

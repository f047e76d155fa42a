/**
 * Does `work` for every item, at most `width` at a time, in order of their start.
 *
 * @template T, R
 * @param {readonly T[]} items
 * @param {number} width
 * @param {(item: T, lane: number) => Promise<R>} work `lane` is below `width` and not shared while it runs
 * @returns {Promise<R[]>} in the order of the items
 */
export async function pool(items, width, work) {
  /** @type {R[]} */
  const results = new Array(items.length);
  let next = 0;
  /** @param {number} lane */
  const drive = async (lane) => {
    for (let index = next++; index < items.length; index = next++) {
      results[index] = await work(/** @type {T} */ (items[index]), lane);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, (_, lane) => drive(lane)));
  return results;
}

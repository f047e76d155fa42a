/** Where somebody stopped reading, kept by the browser for as long as it keeps anything. */
import * as v from "valibot";

const place = v.object({
  /** Everything up to this id was on the page. */
  cursor: v.string(),
  /** When that was, in milliseconds since 1970. */
  at: v.number(),
});

export type SavedPlace = v.InferOutput<typeof place>;

/** `undefined` on the first visit, and where the browser keeps nothing or something else. */
export function readPlace(name: string): SavedPlace | undefined {
  try {
    const read = v.safeParse(place, JSON.parse(localStorage.getItem(name) ?? "null"));
    return read.success ? read.output : undefined;
  } catch {
    return undefined;
  }
}

export function savePlace(name: string, saved: SavedPlace): void {
  try {
    localStorage.setItem(name, JSON.stringify(saved));
  } catch {
    // Private windows of some browsers keep nothing: the next visit is a first one.
  }
}

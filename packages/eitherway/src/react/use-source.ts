/** A component's view of a source. */
import { useRef, useSyncExternalStore } from "react";
import type { Source } from "./shared-stores.ts";

export type Equals<Value> = (one: Value, other: Value) => boolean;

export function useSource<View>({ watch, read, initial }: Source<View>): View {
  return useSyncExternalStore(watch, read, () => initial);
}

/** Renders again only when what is selected differs. `select` may be another function at each render. */
export function useSelected<View, Selected>(
  { watch, read, initial }: Source<View>,
  select: (view: View) => Selected,
  equals: Equals<Selected>,
): Selected {
  const last = useRef<{ readonly selected: Selected }>(undefined);
  const selectFrom = (view: View): Selected => {
    const selected = select(view);
    const before = last.current;
    if (before && equals(before.selected, selected)) return before.selected;
    last.current = { selected };
    return selected;
  };
  return useSyncExternalStore(
    watch,
    () => selectFrom(read()),
    () => selectFrom(initial),
  );
}

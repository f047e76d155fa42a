/** Which job a page shows is in its address, so that a reload, a bookmark and another device find the same one. */
import { useSyncExternalStore } from "react";

const CHOSEN = "eitherway:chosen";

export function useChosenJob(): string | undefined {
  return useSyncExternalStore(watch, () => new URLSearchParams(location.search).get("job") ?? undefined);
}

export function chooseJob(id: string): void {
  history.pushState(null, "", addressOf(id));
  dispatchEvent(new Event(CHOSEN));
}

export function addressOf(id: string): string {
  const query = new URLSearchParams(location.search);
  query.set("job", id);
  return `${location.pathname}?${query}`;
}

function watch(changed: () => void): () => void {
  for (const event of ["popstate", CHOSEN]) addEventListener(event, changed);
  return () => {
    for (const event of ["popstate", CHOSEN]) removeEventListener(event, changed);
  };
}

/**
 * Logging out in one tab ends the clients of all. Tabs hear of it by their storage: unlike an open channel that does not keep a
 * page out of the back/forward cache, and a page that was frozen meanwhile finds it when it comes back.
 */
import { createEmitter } from "../emitter.ts";
import type { Undo } from "../ports.ts";

export interface Logout {
  /** Here and in all other tabs. */
  logout(): void;
  onLogout(end: () => void): Undo;
}

/** @param createId for a mark that is never the same twice */
export function createLogout(user: string | undefined, createId: () => string): Logout {
  const key = `eitherway logout ${user ?? ""}`;
  const ends = createEmitter<[]>((thrown) => reportError(thrown));
  let mark: string | null = null;
  let stopListening: Undo | undefined;

  function look(): void {
    const now = read();
    if (now === mark) return;
    mark = now;
    ends.emit();
  }

  function read(): string | null {
    try {
      return localStorage.getItem(key);
    } catch {
      return mark; // forbidden: nothing is shared there either
    }
  }

  function listen(): void {
    if (typeof document !== "object") return; // rendered on a server: there are no tabs
    mark = read();
    const listening = new AbortController();
    const { signal } = listening;
    addEventListener("storage", look, { signal });
    addEventListener("pageshow", look, { signal });
    document.addEventListener("resume", look, { signal });
    stopListening = () => listening.abort();
  }

  return {
    logout() {
      try {
        localStorage.setItem(key, createId());
      } catch {
        // as above
      }
      mark = read();
      ends.emit();
    },
    onLogout(end) {
      if (ends.size === 0) listen();
      const remove = ends.add(end);
      return () => {
        remove();
        if (ends.size === 0) stopListening?.();
      };
    },
  };
}

/**
 * What pages and workers hear of their device: that the network or somebody who looks is back, that the page is put away.
 * Nothing here keeps a page out of the back/forward cache, so `unload` and `beforeunload` are not for us, and nothing closes a
 * link on `offline`: what still works may go on, and what does not ends by itself.
 */
import type { DeviceEvents, Wakeups } from "./ports.ts";

/** Workers have no document, Node has no events at all. */
export const webWakeups: Wakeups = ({ woken, asleep }) => {
  if (typeof addEventListener !== "function") return () => {};
  const listening = new AbortController();
  const { signal } = listening;
  addEventListener("online", woken, { signal });
  listenToNetwork(woken, signal);
  if (typeof document === "object") listenToPage({ woken, asleep }, signal);
  return () => listening.abort();
};

function listenToPage({ woken, asleep }: DeviceEvents, signal: AbortSignal): void {
  const ifPersisted = (run: () => void) => (event: PageTransitionEvent) => {
    if (event.persisted) run(); // else the page has just come, or goes for good
  };
  // In time for Chromium and Safari. Firefox keeps no page that has a connection, and decides so before it tells.
  addEventListener("pagehide", ifPersisted(asleep), { signal });
  addEventListener("pageshow", ifPersisted(woken), { signal });
  document.addEventListener("freeze", asleep, { signal });
  document.addEventListener("resume", woken, { signal });
  document.addEventListener(
    "visibilitychange",
    () => {
      if (document.visibilityState === "visible") woken();
    },
    { signal },
  );
}

/** The Network Information API: Chromium on phones tells how it is connected, others have less of it or nothing. */
interface NetworkInformation extends EventTarget {
  readonly type?: string;
}

function listenToNetwork(woken: () => void, signal: AbortSignal): void {
  const { connection } = (globalThis.navigator ?? {}) as { readonly connection?: NetworkInformation };
  let network = connection?.type;
  connection?.addEventListener(
    "change",
    () => {
      if (connection.type !== network) woken(); // the same event tells every new estimate of the speed
      network = connection.type;
    },
    { signal },
  );
}

/**
 * One connection for all tabs of a browser.
 *
 * Over HTTP/1.1 a browser has six connections to a server, and a stream holds one for good: the seventh tab does not even get its
 * document. With sharing all tabs have one stream together. It is an optimisation and nothing more: each tab has its own cursors,
 * and goes on by itself whenever there is no hub (P3).
 */
import type { TabSharing } from "../client-api.ts";
import { webPlatform } from "../platform.ts";
import { createLeaderWay } from "./leader-way.ts";
import { createLogout } from "./logout.ts";
import { createTabTransport } from "./tab-transport.ts";
import { createWorkerWay } from "./worker-way.ts";

export interface ShareTabsOptions {
  /**
   * Who is logged in. Tabs of different users never share. Without it, tabs share that have the same token, so give it where
   * each tab has a token of its own.
   */
  readonly user?: string | undefined;
  /**
   * `auto` (default): where streams may run over HTTP/1.1, which is everywhere but on a page that came over HTTP/2 or 3.
   * `always`: there too, which saves the server connections.
   */
  readonly when?: "auto" | "always";
  /**
   * Opens the worker, where a bundler or a content security policy needs it to be done otherwise; its script is
   * `eitherway/client/tabs/worker`. `false`: no worker, one of the tabs leads.
   */
  readonly worker?: (() => SharedWorker) | false;
}

export interface SharedTabs extends TabSharing {
  /** Closes the clients of this user, in this and all other tabs. */
  logout(): void;
}

/**
 * @example
 * const share = shareTabs({ user: me.id });
 * const client = createClient({ url: "/eitherway", share });
 * logoutButton.onclick = () => share.logout();
 */
export function shareTabs(options: ShareTabsOptions = {}): SharedTabs {
  const { user, when = "auto", worker = openWorker } = options;
  const { clock, random, wakeups, createClientId } = webPlatform;
  const leaderWay = createLeaderWay({
    clock,
    random,
    createId: createClientId,
    isVisible,
    onVisibility,
    createHost: async () => (await import("./web-hub-host.ts")).createWebHubHost(),
  });
  const transport = createTabTransport({
    ways: typeof document !== "object" ? [] : worker ? [createWorkerWay(worker), leaderWay] : [leaderWay],
    user,
    isVisible,
    wakeups,
    onPageGone,
  });
  return {
    transport,
    isUseful: () => when === "always" || !isMultiplexed(),
    ...createLogout(user, createClientId),
  };
}

/** Bundlers know this form, and make a chunk of it. */
function openWorker(): SharedWorker {
  return new SharedWorker(new URL("./tab-hub-worker.js", import.meta.url), { type: "module", name: "eitherway" });
}

/** Whether requests to where this page came from surely share one connection. */
function isMultiplexed(): boolean {
  if (location.protocol !== "https:") return false;
  const entries = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
  return (entries as PerformanceResourceTiming[]).some(
    ({ name, nextHopProtocol }) => name.startsWith(`${location.origin}/`) && /^h[23]/.test(nextHopProtocol),
  );
}

function isVisible(): boolean {
  return document.visibilityState === "visible";
}

/** A page that is left says so; nothing else would tell the hub for minutes. */
function onPageGone(gone: () => void): () => void {
  addEventListener("pagehide", gone);
  return () => removeEventListener("pagehide", gone);
}

function onVisibility(changed: () => void): () => void {
  document.addEventListener("visibilitychange", changed);
  return () => document.removeEventListener("visibilitychange", changed);
}

/** Remembers per network and server which transport worked: in the browser's storage where there is one, else while the program runs. */
import type { NetworkMemory } from "./ports.ts";

/** The part of the Network Information API that tells networks apart; Safari and Firefox have none, so there it is one network. */
interface Navigator {
  readonly connection?: { readonly type?: string };
}

const here = new Map<string, string>();

/** @param storage where to keep it beyond this program; reading it may throw, as browsers do where storage is forbidden */
export function createNetworkMemory(url: string, storage?: () => Storage): NetworkMemory {
  const { connection } = (globalThis.navigator ?? {}) as Navigator;
  const key = (): string => `eitherway ${connection?.type ?? ""} ${url}`;
  return {
    recall: () => here.get(key()) ?? tried(() => storage?.().getItem(key())) ?? undefined,
    remember(transport) {
      here.set(key(), transport);
      tried(() => storage?.().setItem(key(), transport));
    },
  };
}

/** Storage may be missing, forbidden or full; then there is nothing to remember by. */
function tried<T>(use: () => T): T | undefined {
  try {
    return use();
  } catch {
    return undefined;
  }
}

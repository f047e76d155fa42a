/**
 * The scripts of workers, as a policy that requires trusted types wants them named: `require-trusted-types-for 'script'` takes no mere
 * text, and `trusted-types worker-scripts` no other maker of trusted ones. What is not of this list is refused.
 */
import tabHub from "eitherway/client/tabs/worker?worker&url";

const TAB_HUB = tabHub;
/** Not bundled: its path is what tells a browser that it is the same one. */
export const SERVICE_WORKER = "/notifications/sw.js";

const SCRIPTS: readonly string[] = [TAB_HUB, SERVICE_WORKER];

/** TypeScript knows neither the factory nor that constructors of workers take its results: hence text. */
interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
}

const { trustedTypes } = globalThis as { readonly trustedTypes?: TrustedTypes };
const policy = trustedTypes?.createPolicy("worker-scripts", { createScriptURL: check });

export const workerScript = (url: string): string => policy?.createScriptURL(url) ?? check(url);

/** For `shareTabs`. */
export const openTabHub = (): SharedWorker =>
  new SharedWorker(workerScript(TAB_HUB), { type: "module", name: "eitherway" });

function check(url: string): string {
  if (!SCRIPTS.includes(url)) throw new TypeError(`${url} is none of the scripts that may run as workers`);
  return url;
}

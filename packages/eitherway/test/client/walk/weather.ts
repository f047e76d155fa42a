/** What actions of a walk do to its network. */

import type { MemoryNetwork } from "../../../src/testing/memory-network/memory-network.ts";
import { FAIR, type NetworkPath, PATHS, type Weather } from "../../../src/testing/memory-network/ways.ts";
import type { NetworkAction } from "./actions.ts";

/** @param inUse the path of the link in use. How many connections it broke, where it breaks any. */
export function changeNetwork(network: MemoryNetwork, action: NetworkAction, inUse: NetworkPath): number | undefined {
  const everywhere = (change: Partial<Weather>): void => {
    for (const path of PATHS) network.change(path, change);
  };
  const path = "path" in action && action.path !== "in use" ? action.path : inUse;
  switch (action.do) {
    case "refuse":
      network.change(path, { reach: "refused" });
      return undefined;
    case "swallow":
      network.change(path, { reach: "swallowed" });
      return undefined;
    case "busy":
      network.change(path, { reach: "busy", retrySeconds: action.seconds });
      return undefined;
    case "hold back":
      network.change(path, { holdsAfter: action.bytes });
      return undefined;
    case "flaky":
      network.change(path, { flaky: true });
      return undefined;
    case "short lives":
      network.change(path, { lifeMs: action.ms });
      return undefined;
    case "latency":
      network.change(path, { latencyMs: action.ms });
      return undefined;
    case "clear":
      network.change(path, FAIR);
      return undefined;
    case "cut":
      return network.cut(path, false);
    case "cut inside":
      return network.cut(path, true);
    case "half-open":
      return network.halfOpen(path, action.directions);
    case "cut all":
      return network.cut(undefined, false);
    case "calm":
      everywhere(FAIR);
      return undefined;
    case "busy everywhere":
      everywhere({ reach: "busy", retrySeconds: action.seconds });
      return undefined;
    case "offline":
      everywhere({ reach: "refused" });
      return network.cut(undefined, false);
    case "buffering proxy":
      network.change("websocket", { reach: "refused" });
      network.change("stream", { ...FAIR, holdsAfter: action.bytes });
      return network.cut(undefined, false);
  }
}

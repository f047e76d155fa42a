/** What a client's status is called on the page. */
import type { Status, TransportName } from "eitherway/client";

export const TRANSPORTS: Readonly<Record<TransportName, string>> = {
  websocket: "WebSocket",
  shared: "one SSE for all tabs",
  sse: "SSE",
  poll: "long-poll",
};

export function stateOf({ state, transport, retryInMs = 0 }: Status): string {
  const over = transport ? ` over ${TRANSPORTS[transport]}` : "";
  switch (state) {
    case "idle":
      return "Starting";
    case "connecting":
      return `Opening${over}`;
    case "open":
      return `Open${over}`;
    case "waiting":
      return `Next attempt in ${(retryInMs / 1_000).toFixed(1)} s`;
    case "asleep":
      return "Asleep";
    case "stopped":
      return "Refused";
    case "closed":
      return "Closed";
  }
}

export function causeOf({ state, why, lastError }: Status): string {
  return state === "open" ? why : (lastError?.message ?? why);
}

/** The status of a client, as components watch it. */
import type { Status } from "../client/client-api.ts";
import type { HooksClient } from "./client-port.ts";
import type { Source } from "./shared-stores.ts";

/** Of a client that has nothing to do yet, as every client is on a server. */
const INITIAL_STATUS: Status = {
  state: "idle",
  transport: undefined,
  why: "nothing to do yet",
  attempt: 0,
  retryInMs: undefined,
  lastError: undefined,
  roundTrip: undefined,
  unanswered: 0,
  holes: 0,
  gaps: 0,
  links: 0,
  dropped: 0,
};

export function statusSource(client: HooksClient): Source<Status> {
  return {
    watch: (changed) => client.on("status", changed),
    read: () => client.status,
    initial: INITIAL_STATUS,
  };
}

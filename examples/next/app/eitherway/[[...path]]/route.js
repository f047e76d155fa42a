/** Every door below /eitherway: event streams, long-poll and `curl`. Clients go on to SSE by themselves, as there is no WebSocket. */
import { ew } from "../../../eitherway.js";

export const dynamic = "force-dynamic";
export const { fetch: GET, fetch: POST, fetch: DELETE, fetch: OPTIONS } = ew;

import type { Client } from "eitherway/client";

/** As much of a client, typed or not, as is watched here. */
export type WatchedClient = Pick<Client, "id" | "status" | "timeline" | "use" | "reconnect"> & {
  on(event: "status", listener: () => void): () => void;
};

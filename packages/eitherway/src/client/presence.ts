/** Presence for clients without a contract: its own import, so that those who do not use it do not carry it. */
import { EitherwayError } from "../protocol/index.ts";
import type { CoreClient } from "./client-api.ts";
import { PRESENCE_SEAM, type WithPresence } from "./presence-seam.ts";
import { type Presence, presenceOf } from "./typed/presence.ts";

export type { PresentMember } from "./client-api.ts";
export type { Presence } from "./typed/presence.ts";

/**
 * The presence of a channel: one object for each channel of a client, whoever asks.
 *
 * @throws EitherwayError `bad-channel` or `reserved-channel`
 * @example
 * import { presence } from "eitherway/client/presence";
 * const here = presence<{ name: string }>(client, "room/42");
 * here.on((members) => show(members.map(({ state }) => state.name)));
 * await here.set({ name: "Ana" });
 */
export function presence<State = unknown>(client: CoreClient, channel: string): Presence<State> {
  const { [PRESENCE_SEAM]: seam } = client as CoreClient & Partial<WithPresence>;
  if (!seam) throw new EitherwayError("bad-request", "presence() takes a client that createClient() made.");
  return presenceOf(seam, channel);
}

/** What asks the application whether somebody may do something: one function for all channels, and one for each kind. */
import type { ChannelType } from "../contract/index.ts";
import type { Action } from "../core/index.ts";
import { EitherwayError, quote } from "../protocol/index.ts";
import type { ChannelIndex } from "./channel-index.ts";

/** What somebody wants to do. */
export interface Wish {
  readonly user: string | undefined;
  readonly client: string;
  readonly channel: string;
  readonly action: Action;
}

/** Whether that may be. Its answer is kept for at most 10 s. Throw where it cannot be said now. */
export type Authorize = (wish: Wish) => boolean | Promise<boolean>;

/** A wish on a channel of a contract. */
export interface ChannelWish<Params = Readonly<Record<string, string>>> extends Wish {
  readonly params: Params;
}

export interface Authorizers {
  readonly size: number;
  /** Those to ask about a channel: all have to agree. */
  of(channel: string): readonly Authorize[];
  /** @throws EitherwayError `bad-request` for what is no function, and for a second one */
  register(name: string, type: ChannelType, authorize: (wish: ChannelWish) => boolean | Promise<boolean>): void;
}

export function createAuthorizers(index: ChannelIndex<ChannelType>, first: Authorize | undefined): Authorizers {
  const registered = new Map<ChannelType, (wish: ChannelWish) => boolean | Promise<boolean>>();
  const always = first ? [first] : [];

  return {
    get size() {
      return always.length + registered.size;
    },
    of(channel) {
      const match = registered.size > 0 ? index.find(channel) : undefined;
      const own = match && registered.get(match.type);
      if (!match || !own) return always;
      return [...always, (wish) => own({ ...wish, params: match.params })];
    },
    register(name, type, authorize) {
      if (typeof authorize !== "function") {
        throw new EitherwayError(
          "bad-request",
          `authorize of ${quote(name)} is ${quote(String(authorize))}; give a function.`,
        );
      }
      if (registered.has(type)) {
        throw new EitherwayError("bad-request", `Channel ${quote(name)} has its authorize; give it one only.`);
      }
      registered.set(type, authorize);
    },
  };
}

/**
 * Presence in one channel: who is there, and being there oneself.
 *
 * A client that is present enters again over every new link, with its newest state: where the lease went on meanwhile, that
 * tells nobody anything (P8).
 */
import { checkChannelName, EitherwayError, jsonPayload, presenceLog } from "../../protocol/index.ts";
import type { MessageMeta, PresentMember } from "../client-api.ts";
import { createEmitter } from "../emitter.ts";
import type { Undo } from "../ports.ts";
import type { PresenceSeam } from "../presence-seam.ts";

export interface Presence<State = unknown> {
  /**
   * Who is in the channel, in the order of joining, as last heard: empty before the first listener is told. The same array, with the
   * same members in it, until they change.
   */
  readonly members: readonly PresentMember<State>[];

  /**
   * Enters the channel, or changes the state there, until `leave()`, `close()` or the end of the page: over cuts, reloads of the
   * server and changes of the transport. Resolves when the server has this state or a later one. A rejection that nobody handles
   * is the client's `error`, never an unhandled one.
   *
   * @throws EitherwayError (as a rejection) `too-large`, `invalid`, `unknown-channel`, `bad-json`, `closed`, ...
   */
  set(state: State): Promise<void>;

  /** Leaves. Other clients of the same user stay. Resolves when the server knows. */
  leave(): Promise<void>;

  /** Calls back when the members are known, and after every change, at most once a turn. They are followed until the last undo. */
  on(listener: (members: readonly PresentMember<State>[]) => void): Undo;
}

const known = new WeakMap<PresenceSeam, Map<string, Presence<unknown>>>();

/**
 * The presence of a channel, one object for each channel of a client.
 *
 * @throws EitherwayError `bad-channel` or `reserved-channel`
 */
export function presenceOf<State>(seam: PresenceSeam, channel: string): Presence<State> {
  let channels = known.get(seam);
  if (!channels) {
    channels = new Map();
    known.set(seam, channels);
  }
  let own = channels.get(channel);
  if (!own) {
    checkChannelName(channel);
    own = createPresence(seam, channel);
    channels.set(channel, own);
  }
  return own as Presence<State>;
}

function createPresence(seam: PresenceSeam, channel: string): Presence<unknown> {
  const own = createMembership(seam, channel);
  const others = createRoster(seam, channel, own.renew);

  async function enter(state: unknown): Promise<void> {
    await own.want(textOf(state));
  }

  function textOf(state: unknown): string {
    try {
      return jsonPayload(state).data as string;
    } catch (thrown) {
      seam.report(thrown as EitherwayError, { channel });
      throw thrown;
    }
  }

  return {
    get members() {
      return others.members;
    },
    set: (state) => handled(enter(state)),
    leave: () => handled(own.want(undefined)),
    on: others.on,
  };
}

/** Whoever does not wait for it hears of its failure as the client's error. */
function handled(result: Promise<void>): Promise<void> {
  result.catch(() => {});
  return result;
}

// --- being there ---

/** How long a client that closes waits for the answer to its leave. */
const FAREWELL_MS = 1_000;

interface Waiting {
  resolve(): void;
  reject(error: unknown): void;
}

interface Membership {
  /** The JSON text of the state to be there with, or `undefined` to be gone. */
  want(state: string | undefined): Promise<void>;
  /** Says again what is wanted, if that is to be there. */
  renew(): void;
}

function createMembership(seam: PresenceSeam, channel: string): Membership {
  let wanted: string | undefined;
  /** What the server took last. */
  let taken: string | undefined;
  let stale = false;
  let sending: AbortController | undefined;
  let waiting: Waiting[] = [];
  /** Ends what goes on while this client is here. */
  let stays: Undo | undefined;

  function want(state: string | undefined): Promise<void> {
    wanted = state;
    stale = true;
    if (wanted !== undefined) stays ??= stay();
    const done = new Promise<void>((resolve, reject) => waiting.push({ resolve, reject }));
    // What waits for a link must not be said first when there is one: the others would see it come and go.
    if (!isOpen()) sending?.abort();
    void pump();
    return done;
  }

  /** Never rejects. One command at a time: states that change in between are passed over. */
  async function pump(): Promise<void> {
    while (stale && !sending) {
      stale = false;
      sending = new AbortController();
      const state = wanted;
      const told = waiting;
      waiting = [];
      try {
        const { signal } = sending;
        await seam.submit({ t: "presence", channel, ...(state !== undefined && { state }) }, { signal });
        taken = state;
        for (const { resolve } of told) resolve();
      } catch (thrown) {
        if (sending.signal.aborted) waiting = [...told, ...waiting];
        else refuse(state, thrown, told);
      }
      sending = undefined;
    }
    if (wanted === undefined) {
      stays?.();
      stays = undefined;
    }
  }

  /** What was refused for good is not said again over the next link. */
  function refuse(state: string | undefined, thrown: unknown, told: readonly Waiting[]): void {
    if (wanted === state) wanted = taken;
    for (const { reject } of told) reject(thrown);
    if (thrown instanceof EitherwayError && thrown.code !== "closed") seam.report(thrown, { channel });
  }

  function renew(): void {
    if (wanted === undefined) return;
    stale = true;
    void pump();
  }

  /** From entering to leaving. */
  function stay(): Undo {
    const undoLinks = seam.links.add(renew);
    const own = {};
    seam.present.add(own);
    seam.connection.update();
    seam.farewells.add(sayFarewell);
    return () => {
      undoLinks();
      seam.present.delete(own);
      seam.farewells.delete(sayFarewell);
    };
  }

  /** The last of this client, whether or not the server hears of it: nothing goes on afterwards. */
  async function sayFarewell(): Promise<void> {
    if (isOpen()) await sayLeave();
    stays?.();
    stays = undefined;
  }

  /** Else the others would see this client for another lease. */
  async function sayLeave(): Promise<void> {
    let undoPatience: Undo | undefined;
    const patience = new Promise<void>((resolve) => {
      undoPatience = seam.clock.after(FAREWELL_MS, resolve);
    });
    await Promise.race([want(undefined).catch(() => {}), patience]);
    undoPatience?.();
  }

  function isOpen(): boolean {
    return seam.connection.state.name === "open";
  }

  return { want, renew };
}

// --- the others ---

interface Roster extends Pick<Presence<unknown>, "members" | "on"> {}

const NOBODY: readonly PresentMember[] = [];

/** @param snatched this client may have been taken for gone */
function createRoster(seam: PresenceSeam, channel: string, snatched: () => void): Roster {
  const log = seam.channel(presenceLog(channel), undefined);
  const listeners = createEmitter<[readonly PresentMember[]]>((thrown) => seam.handlerThrew(thrown, { channel }));
  let byName = new Map<string, PresentMember>();
  let list = NOBODY;
  /** The members are those of this subscription. */
  let isKnown = false;
  let isTold = false;
  let isTelling = false;
  let stopFollowing: Undo | undefined;

  function follow(): Undo {
    const undos = [
      log.on("members", (members) => replace(members)),
      log.on("message", (data, { event }) => change(data, event)),
    ];
    // A subscription that goes on from where the last one ended brings changes only, and they fit what is here.
    isKnown &&= log.cursor !== "now";
    isTold = isKnown;
    return () => {
      for (const undo of undos) undo();
    };
  }

  function replace(members: readonly PresentMember[]): void {
    const before = byName;
    byName = new Map(members.map((member) => [member.member, sameOr(before.get(member.member), member)]));
    if (isKnown) snatched(); // the log begins anew, or has lost something
    isKnown = true;
    changed();
  }

  function change(data: unknown, event: MessageMeta["event"]): void {
    const { member, state } = data as PresentMember;
    if (event === "leave") byName.delete(member);
    else byName.set(member, Object.freeze({ member, state }));
    if (event === "leave" && member === seam.id) snatched();
    changed();
  }

  /** At the end of the turn: a run of many changes is one. */
  function changed(): void {
    if (isTelling) return;
    isTelling = true;
    queueMicrotask(() => {
      isTelling = false;
      const next = [...byName.values()];
      const isSame = next.length === list.length && next.every((member, i) => member === list[i]);
      if (isSame && isTold) return;
      isTold = true;
      if (!isSame) list = Object.freeze(next);
      listeners.emit(list);
    });
  }

  function on(listener: (members: readonly PresentMember[]) => void): Undo {
    let isGone = false;
    const remove = listeners.add(listener);
    stopFollowing ??= follow();
    if (isKnown) {
      queueMicrotask(() => {
        if (!isGone) tellOne(listener);
      });
    }
    return () => {
      isGone = true;
      remove();
      if (listeners.size > 0) return;
      stopFollowing?.();
      stopFollowing = undefined;
    };
  }

  function tellOne(listener: (members: readonly PresentMember[]) => void): void {
    try {
      listener(list);
    } catch (thrown) {
      seam.handlerThrew(thrown, { channel });
    }
  }

  return {
    get members() {
      return list;
    },
    on,
  };
}

/** The object that is known, where nothing differs: whoever compares finds nothing to do. */
function sameOr(before: PresentMember | undefined, now: PresentMember): PresentMember {
  if (before && JSON.stringify(before.state) === JSON.stringify(now.state)) return before;
  return Object.freeze({ member: now.member, state: now.state });
}

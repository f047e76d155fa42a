/**
 * The channels of one client: who listens, which subscriptions that makes, and the handles that applications hold.
 *
 * All handles of a name share one subscription and one cursor. It starts with the first listener of messages and ends a moment
 * after the last one left, so that a user interface that takes a listener away and puts it back loses nothing.
 */
import {
  type ArrivedGap,
  type Cursor,
  checkLogShape,
  EitherwayError,
  type Id,
  isCursor,
  isRetryable,
  quote,
  type Received,
} from "../protocol/index.ts";
import { backoffMs } from "./backoff.ts";
import type {
  AnnounceOptions,
  ChannelOptions,
  CoreChannel,
  Gap,
  Incoming,
  MessageMeta,
  PresentMember,
  PublishOptions,
} from "./client-api.ts";
import { createEmitter, type Emitter, type Listener, listenTo } from "./emitter.ts";
import type { Loops, LoopsOptions } from "./loops.ts";
import type { ClientClock, Random, Undo } from "./ports.ts";
import { createSubscription, type Subscription } from "./subscription.ts";

/** What not every client has. */
export interface ChannelsParts {
  /** Makes handles iterable. Default: they are not. */
  readonly createLoops?: (options: LoopsOptions) => Loops;
}

export interface ChannelsOptions extends ChannelsParts {
  readonly clock: ClientClock;
  readonly random: Random;
  /** What `wanted` returns has changed. */
  changed(): void;
  /** A handler threw. */
  threw(thrown: unknown, channel: string): void;
  /** A subscription failed; its channel has been told. */
  failed(error: EitherwayError, channel: string): void;
  /** The link breaks the continuity of a channel. */
  hole(channel: string): void;
  /** The link cannot tell whose a frame is. */
  unsure(): void;
  /** A gap was declared. */
  gap(gap: Gap): void;
  /** A channel has caught up. */
  live(channel: string, id: Id): void;
  publish(channel: string, data: unknown, options: PublishOptions | undefined): Promise<{ readonly id: Id }>;
  announce(channel: string, data: unknown, options: AnnounceOptions | undefined): void;
}

export interface Channels {
  /** With `createLoops` a handle is a `Channel`. */
  handle<T>(name: string, options: ChannelOptions | undefined): CoreChannel<T>;
  /** Subscriptions that a link should have now. */
  wanted(): Map<string, Subscription>;
  /** Ends every subscription and loop. */
  close(): void;
}

/** What a handle has besides: for streams, which are read from their start. */
export interface Restartable {
  /** Begins the subscription anew, for all listeners of the name: what comes after `from` comes again. There is a listener. */
  restart(from: Cursor): void;
}

/** How long a subscription outlives its last listener. */
const LINGER_MS = 50;

interface ChannelState {
  readonly name: string;
  readonly messages: Emitter<[unknown, MessageMeta]>;
  readonly gaps: Emitter<[Gap]>;
  readonly lives: Emitter<[Id]>;
  readonly members: Emitter<[readonly PresentMember[], Id]>;
  readonly errors: Emitter<[EitherwayError]>;
  readonly loops: Loops | undefined;
  subscription?: Subscription | undefined;
  /** Refused: for good, or until a moment has passed. */
  refused: "no" | "for now" | "for good";
  refusals: number;
  /** Ends the wait after the last listener, or after a refusal. */
  lingering?: Undo | undefined;
  resting?: Undo;
  /** A gap that no message has carried yet. */
  gap?: Gap | undefined;
  /** Where the last listener of messages left. */
  lastCursor?: Cursor | undefined;
}

export function createChannels(options: ChannelsOptions): Channels {
  const { clock, random, changed } = options;
  /** Channels that somebody listens to; others live in their handles only. */
  const states = new Map<string, ChannelState>();
  let closed = false;

  // --- subscriptions ---

  function start(state: ChannelState, from: Cursor): void {
    if (closed) return;
    if (!state.subscription) {
      begin(state, from);
      return;
    }
    if (state.refused === "for good") {
      state.refused = "no"; // whoever comes anew may be luckier, and hears it otherwise
      changed();
    }
    if (!state.lingering) return;
    state.lingering();
    state.lingering = undefined;
    const { subscription, lastCursor } = state;
    // What came while nobody listened has to come again.
    if (lastCursor !== undefined && lastCursor !== subscription.received) {
      end(state);
      begin(state, lastCursor);
    }
  }

  function begin(state: ChannelState, from: Cursor): void {
    states.set(state.name, state);
    const subscription = createSubscription(from, {
      message: (message, id, replayed) => deliver(state, message, id, replayed),
      volatile: (message) => state.messages.emit(message.data, metaOf(state, message)),
      gap: (frame) => declareGap(state, frame),
      members: ({ members, id }) => state.members.emit(members, id),
      live(id) {
        state.refusals = 0;
        options.live(state.name, id);
        state.lives.emit(id);
      },
      hole: () => options.hole(state.name),
      unsure: options.unsure,
      failed: (code, message) => refuse(state, new EitherwayError(code, message)),
    });
    state.subscription = subscription;
    state.refused = "no";
    changed();
  }

  function deliver(state: ChannelState, message: Received, id: Id, replayed: boolean): void {
    const { gap } = state;
    state.gap = undefined;
    state.messages.emit(message.data, {
      ...metaOf(state, message),
      id,
      replayed,
      volatile: false,
      ...(gap && { gap }),
    });
  }

  function declareGap(state: ChannelState, { channel, why, oldest, head }: ArrivedGap): void {
    const gap: Gap = { channel, why, oldest, head };
    state.gap = gap;
    options.gap(gap);
    state.gaps.emit(gap);
  }

  function refuse(state: ChannelState, error: EitherwayError): void {
    if (state.refused !== "no") return; // two streams that overlap both say it
    if (isRetryable(error.code)) {
      state.refused = "for now";
      state.resting = clock.after(backoffMs(state.refusals++, random), () => {
        state.refused = "no";
        changed();
      });
    } else state.refused = "for good";
    state.errors.emit(error);
    options.failed(error, state.name);
    if (state.refused === "for good") state.loops?.finish(error);
    changed();
  }

  /** The last listener may be back in a moment. */
  function leave(state: ChannelState): void {
    if (state.messages.size > 0) return;
    if (!state.subscription) forget(state);
    if (!state.subscription || state.lingering) return;
    // Not its cursor, which moves after a handler that may be the one that leaves.
    state.lastCursor = behindLoops(state, state.subscription.received);
    state.lingering = clock.after(LINGER_MS, () => {
      end(state);
      changed();
    });
  }

  function end(state: ChannelState): void {
    state.lingering?.();
    state.resting?.();
    state.lastCursor = cursorOf(state);
    state.lingering = undefined;
    state.subscription?.end();
    state.subscription = undefined;
    state.gap = undefined;
    state.refusals = 0;
    forget(state);
  }

  /** What the application has seen of a channel. */
  function cursorOf(state: ChannelState): Cursor | undefined {
    const { subscription, lastCursor, lingering } = state;
    return subscription && !lingering ? behindLoops(state, subscription.cursor) : lastCursor;
  }

  function forget(state: ChannelState): void {
    const { messages, gaps, lives, members, errors, subscription } = state;
    if (subscription || messages.size + gaps.size + lives.size + members.size + errors.size > 0) return;
    if (states.get(state.name) === state) states.delete(state.name);
  }

  // --- handles ---

  function createState(name: string): ChannelState {
    const emitter = <Args extends readonly unknown[]>() => createEmitter<Args>((thrown) => options.threw(thrown, name));
    const state: ChannelState = {
      name,
      messages: emitter(),
      gaps: emitter(),
      lives: emitter(),
      members: emitter(),
      errors: emitter(),
      loops: options.createLoops?.({ cursor: () => state.subscription?.cursor, changed }),
      refused: "no",
      refusals: 0,
    };
    return state;
  }

  function handle<T>(name: string, { from = "now" }: ChannelOptions = {}): CoreChannel<T> & Restartable {
    checkLogShape(name);
    if (!isCursor(from)) {
      throw new EitherwayError("bad-cursor", `from is ${quote(String(from))}; give "start", "now" or a message id.`);
    }
    let own = states.get(name) ?? createState(name);

    /** The state that all handles of this name share while anybody listens. */
    function shared(): ChannelState {
      own = states.get(name) ?? own;
      states.set(name, own);
      return own;
    }

    function listenToMessages(listener: (data: unknown, meta: MessageMeta) => void | Promise<void>): Undo {
      const state = shared();
      const remove = state.messages.add(listener);
      start(state, from);
      return () => {
        remove();
        leave(state);
      };
    }

    function on(event: string, listener: Listener): Undo {
      if (event === "message") return listenToMessages(listener as Parameters<typeof listenToMessages>[0]);
      const state = shared();
      const { messages: message, gaps: gap, lives: live, members, errors: error } = state;
      const remove = listenTo({ message, gap, live, members, error }, event, listener);
      return () => {
        remove();
        forget(state);
      };
    }

    function iterate(loops: Loops): AsyncIterator<Incoming<T>, undefined, undefined> {
      const loop = loops.begin<T>(listenToMessages);
      if (closed) loop.finish();
      return loop;
    }

    return {
      name,
      get cursor() {
        return cursorOf(states.get(name) ?? own) ?? from;
      },
      on,
      restart(place) {
        end(own);
        begin(own, place);
      },
      publish: (data, publishOptions) => options.publish(name, data, publishOptions),
      announce: (data, announceOptions) => options.announce(name, data, announceOptions),
      ...(options.createLoops && { [Symbol.asyncIterator]: () => iterate(shared().loops as Loops) }),
    };
  }

  return {
    handle,
    wanted() {
      const wanted = new Map<string, Subscription>();
      for (const { name, subscription, loops, refused } of states.values()) {
        if (subscription && !loops?.paused && refused === "no") wanted.set(name, subscription);
      }
      return wanted;
    },
    close() {
      closed = true;
      for (const state of [...states.values()]) {
        state.loops?.finish();
        end(state);
      }
    },
  };
}

/** As of a volatile message. */
function metaOf({ name }: ChannelState, { at, event, from, kind, skipped }: Received): MessageMeta {
  return { id: "", channel: name, event, at, from, kind, skipped, replayed: false, volatile: true };
}

/** Of a cursor and the places of loops, the earliest. */
function behindLoops({ loops }: ChannelState, cursor: Cursor): Cursor {
  return loops?.behind(cursor) ?? cursor;
}

// biome-ignore-all lint/correctness/noComponentHookFactories: a module calls it once for its client, and exports the hooks
/** The hooks of one client: thin; what they show is kept by stores that know no React. */
import { createContext, createElement, useContext, useEffect, useMemo, useRef } from "react";
import type { CoreClient, Status } from "../client/client-api.ts";
import type { StreamSnapshot } from "../client/stream-content.ts";
import type { TypedClient } from "../client/typed/typed-api.ts";
import { type CallsStore, type CallsView, createCallsStore, INITIAL_CALLS } from "./calls-store.ts";
import type { ChannelAddress, HooksClient } from "./client-port.ts";
import { type EventsOptions, type EventsView, INITIAL_EVENTS, openEventsStore } from "./events-store.ts";
import type {
  CallView,
  Hooks,
  KeyOptions,
  ProviderProps,
  SelectOptions,
  TypedHooks,
  UseCallOptions,
} from "./hooks-api.ts";
import { INITIAL_LATEST, type LatestView, openLatestStore } from "./latest-store.ts";
import { pageClock } from "./page-clock.ts";
import { INITIAL_MEMBERS, type Members, openPresenceStore } from "./presence-store.ts";
import { createSharedStores, type SharedStores } from "./shared-stores.ts";
import { statusSource } from "./status-source.ts";
import { INITIAL_STREAM, openStreamStore } from "./stream-store.ts";
import { useSelected, useSource } from "./use-source.ts";

/**
 * Hooks for a client. They work without a Provider, in Strict Mode, and in components that a server renders: there they show what a
 * component shows before anything has come.
 *
 * @example
 * export const { useEvents, useStatus } = createHooks(client);
 * const { items, live } = useEvents("room", { id }, "message", { history: 50 });
 */
export function createHooks<Channels>(
  client: TypedClient<Channels> & Described<Channels>,
): TypedHooks<TypedClient<Channels>, Channels>;
export function createHooks(client: CoreClient): Hooks<CoreClient>;
export function createHooks(client: HooksClient): AllHooks {
  const ClientContext = createContext(client);
  const storesOf = keepStores();

  function Provider({ client: own = client, children }: ProviderProps<HooksClient>) {
    return createElement(ClientContext.Provider, { value: own }, children);
  }

  function useStatus<Selected>(
    select: (status: Status) => Selected = (status) => status as Selected,
    { equals = Object.is }: SelectOptions<Selected> = {},
  ): Selected {
    const own = useContext(ClientContext);
    return useSelected(
      useMemo(() => statusSource(own), [own]),
      select,
      equals,
    );
  }

  function useEvents(name: string, ...args: readonly unknown[]): EventsView<never> {
    const own = useContext(ClientContext);
    const { address, rest } = readAddress(name, args);
    const [event, { keep, history } = {}] = rest as [string | undefined, EventsOptions?];
    const key = JSON.stringify(["events", address, event ?? null, `${keep} ${history}`]); // JSON has no Infinity
    // The key stands for all of these.
    // biome-ignore lint/correctness/useExhaustiveDependencies: objects among them are others at each render
    const source = useMemo(() => {
      const options = { client: own, clock: pageClock, address, event, keep, history };
      return storesOf(own).source<EventsView>(key, INITIAL_EVENTS, () => openEventsStore(options));
    }, [own, key]);
    return useSource(source) as EventsView<never>;
  }

  function useLatest(name: string, ...args: readonly unknown[]): LatestView<never> {
    const own = useContext(ClientContext);
    const { address, rest } = readAddress(name, args);
    const [event, { key: keyOf } = {}] = rest as [string, Partial<KeyOptions<unknown>>?];
    const key = JSON.stringify(["latest", address, event]);
    // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for all of these
    const source = useMemo(() => {
      const options = { client: own, clock: pageClock, address, event, keyOf };
      return storesOf(own).source<LatestView>(key, INITIAL_LATEST, () => openLatestStore(options));
    }, [own, key]);
    return useSource(source) as LatestView<never>;
  }

  function useCall(name: string, ...args: readonly unknown[]): CallView<CallsStore["call"], never> {
    const own = useContext(ClientContext);
    const { address, rest } = readAddress(name, args);
    const [call, { optimistic } = {}] = rest as [string, UseCallOptions<unknown, unknown>?];
    const newest = useRef(optimistic);
    useEffect(() => {
      newest.current = optimistic;
    });
    const key = JSON.stringify([address, call]);
    // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for all of these
    const store = useMemo(
      () =>
        createCallsStore({
          ...{ client: own, clock: pageClock, address, name: call },
          optimistic: (input) => (newest.current ? [newest.current(input)] : []),
        }),
      [own, key],
    );
    const view = useSource({ ...store, initial: INITIAL_CALLS }) as CallsView<never>;
    return useMemo(() => ({ ...view, call: store.call }), [view, store]);
  }

  function useStream(channel: string, ...args: readonly unknown[]): StreamSnapshot<never> {
    const own = useContext(ClientContext);
    const { address, rest } = readAddress(channel, args);
    const [name] = rest as [string];
    const key = JSON.stringify(["stream", address, name]);
    // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for all of these
    const source = useMemo(() => {
      const open = () => openStreamStore({ client: own, clock: pageClock, address, name });
      return storesOf(own).source<StreamSnapshot>(key, INITIAL_STREAM, open);
    }, [own, key]);
    return useSource<StreamSnapshot>(source) as StreamSnapshot<never>;
  }

  function usePresence(channel: string, ...args: readonly unknown[]): never {
    const own = useContext(ClientContext);
    const { address, rest } = readAddress(channel, args);
    const [select = (members: Members) => members, { equals = Object.is } = {}] = rest as [
      ((members: Members) => unknown)?,
      SelectOptions<unknown>?,
    ];
    const key = JSON.stringify(["presence", address]);
    // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for all of these
    const source = useMemo(() => {
      const open = () => openPresenceStore({ client: own, clock: pageClock, address });
      return storesOf(own).source<Members>(key, INITIAL_MEMBERS, open);
    }, [own, key]);
    return useSelected<Members, unknown>(source, select, equals) as never;
  }

  return { Provider, useStatus, useEvents, useLatest, useCall, useStream, usePresence };
}

/** What both kinds of clients have. A client without a contract has no calls, and says itself what the key of a value is. */
type AllHooks = Hooks<HooksClient> & {
  useLatest(name: string, ...args: readonly unknown[]): LatestView<never>;
  useCall(name: string, ...args: readonly unknown[]): CallView<CallsStore["call"], never>;
};

/** Nothing fits where no channels are described: then it is a client without a contract. */
type Described<Channels> = [keyof Channels] extends [never] ? never : unknown;

/** The stores of each client that a Provider brings. They end with it. */
function keepStores(): (client: HooksClient) => SharedStores {
  const known = new WeakMap<HooksClient, SharedStores>();
  return (client) => {
    const stores = known.get(client) ?? createSharedStores(pageClock);
    known.set(client, stores);
    return stores;
  };
}

/** Parameters are an object; what may come behind the name without them is not. */
function readAddress(name: string, args: readonly unknown[]): { address: ChannelAddress; rest: readonly unknown[] } {
  const [first, ...others] = args;
  if (typeof first !== "object" || first === null) return { address: { name, params: undefined }, rest: args };
  return { address: { name, params: first as ChannelAddress["params"] }, rest: others };
}

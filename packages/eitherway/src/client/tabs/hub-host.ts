/** Where hubs live, a worker or the leading tab: reads what tabs say first, and gives each its hub. */
import { createTabHub, type TabHub, type TabSeat } from "./tab-hub.ts";
import { TAB_WIRE_VERSION, type TabHello, type TabPort } from "./tab-wire.ts";
import { createUpstream, type UpstreamOptions } from "./upstream.ts";

export interface HubHostOptions extends Omit<UpstreamOptions, "client"> {
  createId(): string;
}

export interface HubHost {
  accept(port: TabPort): void;
  /** Whether somebody looks at one of the tabs, but for one. */
  hasVisible(but: TabPort): boolean;
  /** Ends all hubs; another one takes their place, and their tabs find it. */
  close(message: string): void;
}

/** Who knocked may have given up since. */
const HELLO_MS = 10_000;

export function createHubHost(options: HubHostOptions): HubHost {
  const { clock, createId } = options;
  const hubs = new Map<string, TabHub>();
  let closed = false;

  function hubOf(hello: TabHello): TabHub {
    const scope = scopeOf(hello);
    const known = hubs.get(scope);
    if (known) return known;
    const hub: TabHub = createTabHub({
      clock,
      createUpstream: (events) => createUpstream({ ...options, client: createId() }, hello, events),
      over() {
        if (hubs.get(scope) === hub) hubs.delete(scope);
      },
    });
    hubs.set(scope, hub);
    return hub;
  }

  return {
    accept(port) {
      let seat: TabSeat | undefined;
      const undoDeadline = clock.after(HELLO_MS, () => port.close());
      port.listen({
        message(message) {
          if (seat && message.t !== "hello") seat.message(message);
          else if (!seat && message.t === "hello") {
            undoDeadline();
            if (message.v === TAB_WIRE_VERSION && !closed) seat = hubOf(message).join(port, message);
            else refuse(port);
          }
        },
        closed: () => seat?.gone(),
      });
    },
    hasVisible: (but) => [...hubs.values()].some((hub) => hub.hasVisible(but)),
    close(message) {
      closed = true;
      for (const hub of hubs.values()) hub.close(message, 0);
      hubs.clear();
    },
  };
}

/** It stays as it is until the last tab of the older release is closed. */
function refuse(port: TabPort): void {
  port.send({ t: "ended", message: `the hub is of another release: it speaks version ${TAB_WIRE_VERSION}` });
  port.close();
}

/**
 * Tabs that may share: of one user, and without that of one token. A tab must not get by another one's rights what it would not
 * get by its own.
 */
function scopeOf({ url, user, token, streamChange }: TabHello): string {
  return JSON.stringify([
    url,
    streamChange,
    user ?? null,
    token === undefined ? null : user === undefined ? token : true,
  ]);
}

/**
 * A worse network for this page alone: latency, jitter, stalls and cuts, put between the client and its transports. Frames wait in the
 * order they were sent in, and what is on its way when the line is cut is really lost, so what the client makes of it is what it makes
 * of a bad network.
 */
import type { ClientLink, ClientTransport, LinkEvents, TabSharing } from "eitherway/client";
import { poll, sse, webSocket } from "eitherway/client/core";

export interface Shape {
  /** Added to a round trip, half of it each way. */
  readonly latencyMs: number;
  /** Each frame takes up to so much longer. */
  readonly jitterMs: number;
  /** Nothing passes, and nobody says so: a tunnel, a lift. */
  readonly stalled: boolean;
}

export interface Shaper {
  /** For `createClient`. */
  readonly transports: readonly ClientTransport[];
  /** For `createClient` too: the connection of all tabs, as far as it is this tab's. */
  share(sharing: TabSharing): TabSharing;
  /** The same object until it changes. */
  readonly shape: Shape;
  set(change: Partial<Shape>): void;
  /** Ends every link, with all that is on its way. */
  cut(): void;
  /** @returns ends it */
  onChange(listener: () => void): () => void;
}

const UNSHAPED: Shape = { latencyMs: 0, jitterMs: 0, stalled: false };

/** @param transports which ones it stands before, best first */
export function createShaper(transports: readonly ClientTransport[] = [webSocket, sse, poll]): Shaper {
  const listeners = new Set<() => void>();
  const links = new Set<ShapedLink>();
  let shape = UNSHAPED;

  function open(transport: ClientTransport, ...[to, events]: Parameters<ClientTransport["open"]>): ClientLink {
    const link = openShaped(
      (shapedEvents) => transport.open(to, shapedEvents),
      events,
      () => shape,
      () => links.delete(link),
    );
    links.add(link);
    return link;
  }

  function shaped(transport: ClientTransport): ClientTransport {
    return { ...transport, open: (to, events) => open(transport, to, events) };
  }

  return {
    transports: transports.map(shaped),
    share: (sharing) => ({ ...sharing, transport: shaped(sharing.transport) }),
    get shape() {
      return shape;
    },
    set(change) {
      shape = { ...shape, ...change };
      for (const link of links) link.reshape();
      for (const listener of listeners) listener();
    },
    cut() {
      for (const link of [...links]) link.cut();
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

interface ShapedLink extends ClientLink {
  /** What waits goes by the shape as it is now. */
  reshape(): void;
  cut(): void;
}

function openShaped(
  open: (events: LinkEvents) => ClientLink,
  events: LinkEvents,
  shape: () => Shape,
  onOver: () => void,
): ShapedLink {
  const [up, down] = [createLine(shape), createLine(shape)];
  const inner = open({
    alive: () => down.push(() => events.alive()),
    frame: (frame, routes) => down.push(() => events.frame(frame, routes)),
    returned: (commands, failure) => down.push(() => events.returned(commands, failure)),
    ended: (failure) =>
      down.push(() => {
        end();
        events.ended(failure);
      }),
  });

  function end(): void {
    up.drop();
    down.drop();
    onOver();
  }

  return {
    ...inner,
    publish: (command) => up.push(() => inner.publish(command)),
    announce(announcement) {
      up.push(() => void inner.announce(announcement));
      return true;
    },
    close() {
      end();
      inner.close();
    },
    reshape() {
      up.flush();
      down.flush();
    },
    cut() {
      this.close();
      events.ended({ message: "cut by the network of this page" });
    },
  };
}

interface Line {
  push(pass: () => void): void;
  /** Forgets what is on its way, and all that comes later. */
  drop(): void;
  /** Lets pass what may, now that the shape is another one. */
  flush(): void;
}

/** First in, first out, each after its time: a frame never overtakes the one before it, as in a TCP connection. */
function createLine(shape: () => Shape): Line {
  let waiting: { readonly due: number; readonly pass: () => void }[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    for (let first = waiting[0]; first && !shape().stalled; first = waiting[0]) {
      const left = first.due - performance.now();
      if (left > 0) {
        timer = setTimeout(flush, left);
        return;
      }
      waiting.shift();
      first.pass();
    }
  }

  return {
    push(pass) {
      if (isOver) return;
      const { latencyMs, jitterMs } = shape();
      waiting.push({ due: performance.now() + latencyMs / 2 + Math.random() * jitterMs, pass });
      if (timer === undefined) flush();
    },
    drop() {
      isOver = true;
      clearTimeout(timer);
      waiting = [];
    },
    flush,
  };
}

/** The links of the client as they begin, carry and end: the seam between client and transports is watched, not replaced. */
import type { ClientLink, ClientTransport, LinkEvents, TransportName } from "../../../src/client/transport.ts";
import type { Clock } from "../../../src/core/index.ts";

export interface Links {
  /** The same transport, watched. */
  watch(transport: ClientTransport): ClientTransport;
  /** Somebody outside gave reason for new links. `politely`: only where the server named no time to stay away. */
  provoked(politely?: boolean): void;
  /** What the link in use is: the last that was welcomed, while it lasts. */
  readonly current: TransportName | undefined;
  /** Links that have begun and are not over. */
  readonly open: readonly TransportName[];
  /** A request of this kind of link was answered with a time to stay away. */
  busy(transport: TransportName, ms: number): void;
  /** A message, gap or `live` is being handed to the application. */
  delivered(): void;
}

interface WatchedLink {
  readonly transport: TransportName;
  welcomed: boolean;
  over: boolean;
}

/** So long nobody outside gave reason for attempts. */
const WINDOW_MS = 10_000;
/** Rounds that begin in it at most, each over three transports: after pauses of 100, 200, 400, 800 and then 1,000 ms. */
const MOST_ATTEMPTS = 3 * 14;

/** @param wrong told what must not happen; it does not throw, since transports catch what their listeners throw */
export function createLinks(clock: Pick<Clock, "now">, wrong: (sentence: string) => void): Links {
  let links: readonly WatchedLink[] = [];
  let current: WatchedLink | undefined;
  /** Whose frame is being handed on. */
  let carrying: WatchedLink | undefined;
  /** What was answered just now. */
  const busy = new Map<TransportName, number>();
  let attempts: readonly number[] = [];
  let notBefore = Number.NEGATIVE_INFINITY;

  function begins(): void {
    const now = clock.now();
    if (now < notBefore) wrong(`an attempt ${notBefore - now} ms before the time that the server named (8)`);
    attempts = [...attempts.filter((at) => now - at < WINDOW_MS), now];
    if (attempts.length > MOST_ATTEMPTS) wrong(`${attempts.length} attempts in ${WINDOW_MS} ms (8)`);
  }

  function ends(link: WatchedLink): void {
    link.over = true;
    links = links.filter((other) => other !== link);
    if (current === link) current = undefined;
  }

  /** What a probe is told says nothing about the link in use. */
  function told(link: WatchedLink, after: number | undefined): void {
    if (after !== undefined && (!current || current === link)) notBefore = clock.now() + after;
  }

  function welcome(link: WatchedLink): void {
    link.welcomed = true;
    if (link.over || link === current) return;
    if (current) wrong(`a ${link.transport} link took over, and the ${current.transport} link was not dropped (4)`);
    current = link;
  }

  function eventsOf(link: WatchedLink, events: LinkEvents): LinkEvents {
    return {
      ...events,
      frame(frame, routes) {
        if (link.over) wrong(`a frame of a ${link.transport} link that was given up (4)`);
        if (frame.t === "bye") told(link, frame.after);
        carrying = link;
        if (frame.t === "welcome") link.welcomed = true;
        events.frame(frame, routes);
        carrying = undefined;
        if (frame.t === "welcome") welcome(link);
      },
      ended(failure) {
        if (link.over) wrong(`a ${link.transport} link that was given up ended (4)`);
        told(link, failure.message.includes("503") ? busy.get(link.transport) : failure.after);
        ends(link);
        events.ended(failure);
      },
    };
  }

  function watchLink(link: WatchedLink, inner: ClientLink): ClientLink {
    return {
      change: inner.change,
      publish(command) {
        if (link.over || !link.welcomed) wrong(`a command went over a ${link.transport} link that is not open (4)`);
        inner.publish(command);
      },
      announce: inner.announce,
      close() {
        ends(link);
        inner.close();
      },
    };
  }

  return {
    watch: (transport) => ({
      ...transport,
      open(to, events) {
        const link: WatchedLink = { transport: transport.name, welcomed: false, over: false };
        begins();
        links = [...links, link];
        return watchLink(link, transport.open(to, eventsOf(link, events)));
      },
    }),
    provoked(politely = false) {
      attempts = [];
      if (!politely) notBefore = Number.NEGATIVE_INFINITY;
    },
    get current() {
      return current?.transport;
    },
    get open() {
      return links.map(({ transport }) => transport);
    },
    busy: (transport, ms) => void busy.set(transport, ms),
    delivered() {
      if (!carrying) wrong("something was delivered that no link brought (4)");
      else if (carrying !== current) wrong(`a ${carrying.transport} link delivered that is not in use (4)`);
    },
  };
}

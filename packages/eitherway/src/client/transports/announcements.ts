/** Announcements of the HTTP transports: a POST of their own, so that they wait for no command, and nobody waits for its answer. */
import type { WelcomeFrame } from "../../protocol/index.ts";
import type { Announcement } from "../command.ts";
import { type Destination, type LinkEvents, NO_ROUTES } from "../transport.ts";
import { readLines } from "./frames.ts";
import { exchange, helloLine } from "./http.ts";

export interface AnnouncementPoster {
  announce(announcement: Announcement): boolean;
  close(): void;
}

/** Those that come while a request is under way go with the next one, in order; more than that are stale before they leave. */
const MOST_WAITING = 16;

/** A request that takes longer holds back what is newer. */
const POST_MS = 5_000;

export function createAnnouncementPoster(
  to: Destination,
  events: LinkEvents,
  limits: () => WelcomeFrame["limits"] | undefined,
): AnnouncementPoster {
  const waiting: string[] = [];
  let request: AbortController | undefined;
  let closed = false;

  /** Never rejects. */
  async function pump(): Promise<void> {
    while (waiting.length > 0 && !closed) {
      const { inFlight = 1 } = limits() ?? {};
      const body = [helloLine(to, new Map()), ...waiting.splice(0, inFlight)].join("\n");
      request = new AbortController();
      const undoDeadline = to.clock.after(POST_MS, () => request?.abort());
      // Why one was refused is worth knowing; that a request failed is not: it was now or never.
      await exchange(to, "commands", body, request.signal, async (answer) =>
        readLines(
          await answer.text(),
          () => !closed,
          (frame) => events.frame(frame, NO_ROUTES),
        ),
      );
      undoDeadline();
    }
    request = undefined;
  }

  return {
    announce({ line }) {
      if (waiting.length >= MOST_WAITING) return false;
      waiting.push(line);
      if (request || waiting.length > 1) return true;
      queueMicrotask(() => void pump()); // at the end of the turn: what is announced together travels together
      return true;
    },
    close() {
      closed = true;
      request?.abort();
    },
  };
}

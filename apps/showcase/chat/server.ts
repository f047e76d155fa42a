/** The chat's server: it keeps rooms, says who somebody is, and is gentle with those who are too fast. */
import { eitherway } from "eitherway";
import { logger } from "../server/logger.ts";
import type { Login } from "../server/login.ts";
import type { UseCase } from "../server/use-case.ts";
import { chat, LONG_ROOM, ROOMS } from "./contract.ts";
import { createOldTalk } from "./old-talk.ts";

export interface ChatOptions {
  readonly login: Login;
  /** Messages that the long room has from the start. */
  readonly oldMessages: number;
}

/** So many go to the broker at once while the long room is filled: enough to be quick, and everybody else is served in between. */
const FILL_BATCH = 500;

export function createChat({ login, oldMessages }: ChatOptions): UseCase {
  const ew = eitherway(chat, {
    logger,
    auth: login.auth,
    // Over a WebSocket whoever is faster is read later; over HTTP his client is asked to wait, and does. Nothing is refused for good.
    limits: { commandsPerSecond: 20, commandBurst: 60, logBytes: "2gb" },
  });
  const rooms = new Set(ROOMS.map(({ id }) => id));
  for (const name of ["room", "changes", "marks"] as const) {
    ew.channel(name, { authorize: ({ user, params }) => user !== undefined && rooms.has(params.id) });
  }

  let isClosing = false;
  const filled = fill();

  async function fill(): Promise<void> {
    const talk = createOldTalk();
    for (let left = oldMessages; left > 0 && !isClosing; left -= FILL_BATCH) {
      const batch = Array.from({ length: Math.min(left, FILL_BATCH) }, talk.next);
      await Promise.all(
        batch.map(({ from, message }) => ew.publish("room", { id: LONG_ROOM }, "message", message, { from })),
      );
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  return {
    name: "chat",
    ew,
    handle: login.at("/chat/login"),
    async close() {
      isClosing = true;
      await filled;
    },
  };
}

/** Waits until a channel has something after a cursor: a link that counts as one everywhere, but whose frames nobody reads. */
import type { FrameKind, HttpExchange, Hub, Identity, Link, Session, WheelTask } from "../core/index.ts";
import { type Cursor, EitherwayError, type ErrorCode, type Framing } from "../protocol/index.ts";
import { isAbandonable } from "./abilities.ts";

const MS_PER_SECOND = 1_000;
const NOTHING = new Uint8Array(0);

/**
 * Resolves with `rung` at the first message or gap, or when `seconds` are over; `abandoned` when the client went away.
 * Rejects with what `hub.open` throws, with the error of the subscription, or with the code of a server that says bye.
 */
export function waitForMessages(
  hub: Hub,
  exchange: HttpExchange,
  who: Identity,
  channel: string,
  after: Cursor,
  seconds: number,
): Promise<"rung" | "abandoned"> {
  return new Promise((resolve, reject) => {
    let session: Session | undefined;
    let over = false;
    let refusal: EitherwayError | undefined;
    /** History has nothing of a volatile message, so it does not ring. */
    let isLogged = true;

    const finish = (settle: () => void): void => {
      if (over) return;
      over = true;
      hub.wheel.cancel(deadline);
      // Not inside the session's own write.
      hub.clock.defer(() => {
        session?.closed();
        settle();
      });
    };
    const deadline: WheelTask = { fire: () => finish(() => resolve("rung")) };
    const framing: Framing = {
      name: "doorbell",
      run({ epoch }) {
        isLogged = epoch !== undefined;
        return NOTHING;
      },
      frame(frame) {
        if (frame.t === "error") refusal = new EitherwayError(frame.code, frame.message);
        return NOTHING;
      },
    };
    const link: Link = {
      framing,
      transport: "poll",
      heartbeat: "none",
      pendingBytes: 0,
      write(_bytes: Uint8Array, kind: FrameKind) {
        if ((kind === "messages" && isLogged) || kind === "gap" || kind === "presence") finish(() => resolve("rung"));
        if (kind === "error") finish(() => reject(refusal));
        return true;
      },
      cork() {},
      uncork() {},
      setReading() {},
      close: (code: ErrorCode, message: string) => finish(() => reject(new EitherwayError(code, message))),
    };

    session = hub.open(link, { t: "hello", client: who.client, channels: new Map([[channel, after]]) }, allowed(who));
    if (over) return;
    hub.wheel.schedule(deadline, seconds * MS_PER_SECOND);
    if (isAbandonable(exchange)) exchange.onAbandoned(() => finish(() => resolve("abandoned")));
  });
}

/** Who may read what is kept may wait for it. What is revoked still ends the wait. */
function allowed(who: Identity): Identity {
  return who.rights ? { ...who, rights: { ...who.rights, check() {} } } : who;
}

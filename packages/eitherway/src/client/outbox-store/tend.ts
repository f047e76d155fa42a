/** Finds what closed tabs left, and has it sent: under their client ids, so by clients of their own. */
import type { Undo } from "../ports.ts";
import type { OutboxStore, Sender, Tender, Tending } from "./outbox-store.ts";

/** How soon a tab notices what another one left when it was closed: well within the key window, and no load. */
const LOOK_MS = 15_000;

/** @param next the store of another tab that is gone; `undefined`: there is none */
export function tendOutboxes(next: () => Promise<OutboxStore | undefined>, tending: Tending): Tender {
  const { clock } = tending;
  /** One at a time: each is a connection more. */
  let sender: Sender | undefined;
  let size = 0;
  let ended = false;
  let timer: Undo | undefined;

  async function lookAgain(): Promise<void> {
    for (let store = await found(); store; store = ended ? undefined : await found()) {
      await (ended ? store.close() : send(store));
    }
    if (!ended) timer = clock.after(LOOK_MS, () => void lookAgain());
  }

  /** Where the disk fails there is nothing to find: whoever writes to it reports that. */
  function found(): Promise<OutboxStore | undefined> {
    return next().catch(() => undefined);
  }

  /** Resolves once everything has its outcome, or at the end. */
  async function send(store: OutboxStore): Promise<void> {
    await new Promise<void>((resolve) => {
      sender = tending.open(store, (unanswered) => {
        size = unanswered;
        tending.changed();
        if (unanswered === 0) resolve();
      });
    });
    await sender?.close();
    sender = undefined;
  }

  void lookAgain();
  return {
    pending: () => sender?.pending() ?? [],
    get size() {
      return size;
    },
    async close() {
      ended = true;
      timer?.();
      await sender?.close();
    },
  };
}

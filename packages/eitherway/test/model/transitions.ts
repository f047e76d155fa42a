/** Counts what states subscriptions go through, from outside: the property that holds the state is put under watch. */
import { strict as assert } from "node:assert";
import type { Hub, Session } from "../../src/core/index.ts";
import { HubSession } from "../../src/core/session.ts";
import type { Subscription, SubscriptionState } from "../../src/core/subscription.ts";
import type { Tally } from "./tally.ts";

/** The same hub, whose sessions have their subscriptions watched from the call that made them. */
export function countTransitions(hub: Hub, tally: Tally): Hub {
  return { ...hub, open: (link, hello, who) => watchSession(hub.open(link, hello, who), tally) };
}

function watchSession(session: Session, tally: Tally): Session {
  assert(session instanceof HubSession);
  const watched = new WeakSet<Subscription>();
  const look = (): void => {
    for (const subscription of session.subscriptions) {
      if (watched.has(subscription)) continue;
      watched.add(subscription);
      watch(subscription, tally);
    }
  };
  look();
  return {
    receive(frame) {
      session.receive(frame);
      look();
    },
    reject: (error) => session.reject(error),
    drained: () => session.drained(),
    closed: () => session.closed(),
  };
}

/** A lagging subscription reads on its way back to live; until it is there it counts as lagging. */
function watch(subscription: Subscription, tally: Tally): void {
  let state: SubscriptionState = subscription.state;
  let known: SubscriptionState = state;
  Object.defineProperty(subscription, "state", {
    get: () => state,
    set(next: SubscriptionState) {
      state = next;
      if (next === known || (next === "reading" && known === "lagging")) return;
      tally.count("transition", `${known} -> ${next}`);
      known = next;
    },
  });
}

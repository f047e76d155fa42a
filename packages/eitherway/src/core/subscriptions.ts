/** The subscriptions of one session by channel. Most have one, and it stands for itself: a Map of one is 184 bytes. */
import { EitherwayError, quote } from "../protocol/index.ts";
import type { Subscription } from "./subscription.ts";

export type Subscriptions = Subscription | Map<string, Subscription> | undefined;

export function findSubscription(all: Subscriptions, channel: string): Subscription | undefined {
  if (all instanceof Map) return all.get(channel);
  return all?.topic.channel === channel ? all : undefined;
}

/** In place of what the channel had. */
export function withSubscription(all: Subscriptions, subscription: Subscription): Subscriptions {
  const { channel } = subscription.topic;
  if (all instanceof Map) return all.set(channel, subscription);
  if (all === undefined || all.topic.channel === channel) return subscription;
  return new Map([
    [all.topic.channel, all],
    [channel, subscription],
  ]);
}

export function withoutSubscription(all: Subscriptions, subscription: Subscription): Subscriptions {
  if (!(all instanceof Map)) return all === subscription ? undefined : all;
  const { channel } = subscription.topic;
  if (all.get(channel) === subscription) all.delete(channel);
  return all;
}

export function countOf(all: Subscriptions): number {
  if (all instanceof Map) return all.size;
  return all === undefined ? 0 : 1;
}

export function listOf(all: Subscriptions): Iterable<Subscription> {
  if (all instanceof Map) return all.values();
  return all === undefined ? [] : [all];
}

export function tooManySubscriptions(channel: string, most: number): EitherwayError {
  return new EitherwayError(
    "too-many-subscriptions",
    `Channel ${quote(channel)} would be one more than ${most} on this link; unsubscribe first, or raise limits.subscriptions.`,
  );
}

/**
 * Refusals that one frame may have for naming more channels than a link may have. Each is answered by a frame about twenty times as long as
 * a short name: a frame full of them would make the server hold megabytes for a peer that reads none (P6).
 */
const REFUSED_AT_ONCE = 1_000;

/** Why a frame that names so many channels ends its link. */
export function tooManyNamed(count: number, most: number): EitherwayError | undefined {
  if (count <= most + REFUSED_AT_ONCE) return undefined;
  return new EitherwayError(
    "too-many-subscriptions",
    `One frame names ${count} channels, and a link may have ${most}; subscribe to fewer, or raise limits.subscriptions.`,
  );
}

/**
 * What things are called in Redis: `<prefix>{<channel>}:<part>`. What stands in braces decides the slot of a Cluster, so all of
 * a channel lies on one server and one script can change it.
 */
import { EitherwayError, quote } from "../protocol/index.ts";

export interface KeyNames {
  /** Record, log, newest and spared: the first four keys of every script that touches a log. */
  log(channel: string): readonly string[];
  /** Any further part of a channel, in its slot. */
  part(channel: string, part: string): string;
  /** Where the channel's appends and announcements are told. */
  live(channel: string): string;
  /** A claim, which lies in a slot of its own. */
  claim(scope: string, key: string): string;
}

export const DEFAULT_PREFIX = "ew:";

/** @throws EitherwayError `bad-request` */
export function createKeyNames(prefix: string): KeyNames {
  if (/[{}]/.test(prefix)) {
    throw new EitherwayError(
      "bad-request",
      `prefix is ${quote(prefix)}; leave out { and }, which decide the slot in a Cluster.`,
    );
  }
  const part = (channel: string, name: string): string => `${prefix}{${tagOf(channel)}}:${name}`;
  return {
    log: (channel) => [part(channel, "record"), part(channel, "log"), part(channel, "newest"), part(channel, "spared")],
    part,
    live: (channel) => part(channel, "live"),
    // The length keeps scope and key apart, whatever characters they have.
    claim: (scope, key) => part(`claim ${scope.length} ${scope} ${key}`, "claim"),
  };
}

/** A brace inside would end the tag early, and the parts of one channel would lie in different slots. */
function tagOf(name: string): string {
  return name.replaceAll(/[%{}]/g, encodeURIComponent);
}

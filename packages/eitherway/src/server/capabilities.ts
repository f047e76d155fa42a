/** What a token or an API key says of channels: patterns, and the actions that each allows. */
import { ACTIONS, type Action } from "../core/index.ts";
import { checkChannelName, EitherwayError, isEitherwayError, quote } from "../protocol/index.ts";

/** A compiled claim `channels`. */
export interface Capabilities {
  /** Whether some pattern that fits the channel allows the action. Case and bytes count: nothing is decoded or normalised. */
  allows(channel: string, action: Action): boolean;
}

/** Most patterns of one claim: each is looked at when a right is checked. */
export const MAX_PATTERNS = 1_000;

const ONE_SEGMENT = "*";
const FURTHER_SEGMENTS = "**";
const EVERY_ACTION = "*";

interface Pattern {
  readonly segments: readonly string[];
  /** Whether it goes on with one or more segments of any kind. */
  readonly isOpen: boolean;
  readonly actions: ReadonlySet<Action>;
}

/**
 * Compiles a claim such as `{ "room/*": ["subscribe", "publish"], "news/**": ["*"] }`. In a pattern `*` stands for one whole segment and
 * `**`, at its end, for one or more; it is a channel name otherwise. `["*"]` is every action. What no pattern names is not allowed.
 *
 * @throws EitherwayError `unauthorized` for what is no such claim, or has over 1,000 patterns
 * @example
 * compileCapabilities({ "room/*": ["subscribe"] }).allows("room/42", "subscribe"); // true
 */
export function compileCapabilities(claim: unknown): Capabilities {
  if (typeof claim !== "object" || claim === null || Array.isArray(claim)) {
    throw noClaim('it is no object like {"room/*":["subscribe"]}');
  }
  const entries = Object.entries(claim);
  if (entries.length > MAX_PATTERNS) {
    throw noClaim(`it has ${entries.length} patterns and at most ${MAX_PATTERNS} are taken; use * and **`);
  }
  const patterns = entries.map(([text, actions]) => ({ ...readPattern(text), actions: readActions(text, actions) }));
  return {
    allows(channel, action) {
      const segments = channel.split("/");
      // No wildcard reaches the server's own logs, nor what is no channel at all, should a caller forget to check the name.
      if (!segments.every(isOrdinary)) return false;
      return patterns.some((pattern) => pattern.actions.has(action) && fits(pattern, segments));
    },
  };
}

function fits({ segments: wanted, isOpen }: Pattern, segments: readonly string[]): boolean {
  if (isOpen ? segments.length <= wanted.length : segments.length !== wanted.length) return false;
  return wanted.every((segment, at) => segment === ONE_SEGMENT || segment === segments[at]);
}

function isOrdinary(segment: string): boolean {
  return segment !== "" && segment !== "." && segment !== ".." && !segment.startsWith("@");
}

function readPattern(text: string): Pick<Pattern, "segments" | "isOpen"> {
  checkPattern(text);
  const segments = text.split("/");
  const isOpen = segments.at(-1) === FURTHER_SEGMENTS;
  if (isOpen) segments.pop();
  if (segments.includes(FURTHER_SEGMENTS)) {
    throw noClaim(`its pattern ${quote(text)} has ** before its end; there * stands for one segment`);
  }
  return { segments, isOpen };
}

function checkPattern(text: string): void {
  try {
    checkChannelName(text);
  } catch (thrown) {
    if (isEitherwayError(thrown)) throw noClaim(`a pattern is no channel name: ${thrown.message.replace(/\.$/, "")}`);
    throw thrown;
  }
}

function readActions(pattern: string, actions: unknown): ReadonlySet<Action> {
  if (!Array.isArray(actions)) throw noClaim(`its pattern ${quote(pattern)} has no list of actions`);
  if (!actions.every((action) => action === EVERY_ACTION || isAction(action))) {
    throw noClaim(`its pattern ${quote(pattern)} has an unknown action; known: ${ACTIONS.join(", ")} and *`);
  }
  return new Set(actions.includes(EVERY_ACTION) ? ACTIONS : (actions as Action[]));
}

function isAction(value: unknown): value is Action {
  return (ACTIONS as readonly unknown[]).includes(value);
}

function noClaim(why: string): EitherwayError {
  return new EitherwayError("unauthorized", `The claim channels cannot be used: ${why}.`);
}

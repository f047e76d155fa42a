/** Patterns of channel names: `room/:id` is `room/` and one segment that differs. */
import { checkChannelName, EitherwayError, quote } from "../protocol/index.ts";

/** The parameters of a pattern by name: `ParamsOf<"room/:id">` is `{ id: string }`. */
export type ParamsOf<Pattern extends string> = { readonly [Name in ParamNames<Pattern>]: string };

type ParamNames<Pattern extends string> = Pattern extends `${infer Segment}/${infer Rest}`
  ? ParamName<Segment> | ParamNames<Rest>
  : ParamName<Pattern>;

type ParamName<Segment extends string> = Segment extends `:${infer Name}` ? Name : never;

/** What the parameters of a channel are, whatever its pattern. */
export type Params = Readonly<Record<string, string>>;

const PARAM = /^:[A-Za-z_]\w*$/;

/**
 * Checks a pattern: a legal channel name in which whole segments may be `:name`, each name once.
 *
 * @throws EitherwayError `bad-channel`
 */
export function checkPattern(pattern: string): void {
  const names = pattern.split("/").filter(isParam);
  const odd = names.find((name, i) => !PARAM.test(name) || names.indexOf(name) !== i);
  if (odd !== undefined) {
    throw new EitherwayError(
      "bad-channel",
      `Pattern ${quote(pattern)} has the parameter ${quote(odd)}; give each a name of its own, of letters, digits and _.`,
    );
  }
  checkChannelName(pattern.replace(/:/g, ""));
}

/** Whether a pattern has parameters. */
export function hasParams(pattern: string): boolean {
  return pattern.split("/").some(isParam);
}

/**
 * The channel that parameters name.
 *
 * @throws EitherwayError `bad-channel` for a parameter that is missing, is no text or has a slash
 */
export function formatPattern(pattern: string, params: Params): string {
  const segments = pattern.split("/").map((segment) => {
    return isParam(segment) ? paramOf(segment.slice(1), pattern, params) : segment;
  });
  const name = segments.join("/");
  checkChannelName(name);
  return name;
}

function paramOf(param: string, pattern: string, params: Params): string {
  const value: unknown = Object.hasOwn(params, param) ? params[param] : undefined;
  if (typeof value === "string" && value !== "" && !value.includes("/")) return value;
  throw new EitherwayError(
    "bad-channel",
    `Parameter ${param} of ${quote(pattern)} is ${quote(String(value))}; give text that is not empty and has no slash.`,
  );
}

/**
 * Two patterns that match one name would leave open whose rules hold.
 *
 * @throws EitherwayError `bad-channel`
 */
export function checkUnambiguous(patterns: readonly string[]): void {
  for (const [i, one] of patterns.entries()) {
    const other = patterns.slice(i + 1).find((candidate) => overlap(one.split("/"), candidate.split("/")));
    if (other === undefined) continue;
    throw new EitherwayError(
      "bad-channel",
      `Patterns ${quote(one)} and ${quote(other)} match the same names; give one of them a segment of its own, like admin/room/:id.`,
    );
  }
}

function overlap(one: readonly string[], other: readonly string[]): boolean {
  if (one.length !== other.length) return false;
  return one.every((segment, i) => isParam(segment) || isParam(other[i] as string) || segment === other[i]);
}

function isParam(segment: string): boolean {
  return segment.startsWith(":");
}

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

/** Whether a segment of a pattern is a parameter. */
export function isParam(segment: string): boolean {
  return segment.startsWith(":");
}

/**
 * What a contract has to keep to: everything that TypeScript cannot tell, or was not asked (P12). It is the server that looks, so that
 * no client carries the checks.
 */
import type { CallType, ChannelType, ChannelTypes, EventType, StandardSchema } from "../contract/index.ts";
import { isParam } from "../contract/pattern.ts";
import { checkChannelName, checkEventName, EitherwayError, quote } from "../protocol/index.ts";

/** Events of the same names that every channel has. */
const OWN_EVENTS = ["gap", "live", "error"];

/**
 * @throws EitherwayError `bad-channel` for a pattern or a stream's name that is none, and for two patterns that match one name;
 * `bad-event` for the name of an event or a call that is none or is taken; `bad-request` where there has to be a schema and is none
 */
export function checkContract(channels: ChannelTypes): void {
  const types = Object.values(channels);
  for (const type of types) checkChannel(type);
  checkUnambiguous(types.map(({ pattern }) => pattern));
}

function checkChannel({ pattern, events, calls, presence, streams }: ChannelType): void {
  checkPattern(pattern);
  for (const [name, event] of Object.entries(events)) checkEvent(pattern, name, event);
  for (const [name, call] of Object.entries(calls)) checkCall(pattern, name, call);
  if (presence !== undefined) checkSchema(presence, `The presence of ${quote(pattern)}`);
  for (const name of Object.keys(streams)) checkStreamName(pattern, name);
}

const PARAM = /^:[A-Za-z_]\w*$/;

/** A legal channel name in which whole segments may be `:name`, each name once. */
function checkPattern(pattern: string): void {
  const names = pattern.split("/").filter(isParam);
  const odd = names.find((name, i) => !PARAM.test(name) || names.indexOf(name) !== i);
  if (odd !== undefined) {
    throw new EitherwayError(
      "bad-channel",
      `Pattern ${quote(pattern)} has the parameter ${quote(odd)}; give each a name of its own, of letters, digits and _.`,
    );
  }
  checkChannelName(pattern.replace(/(^|\/):/g, "$1"));
}

/** Two patterns that match one name would leave open whose rules hold. */
function checkUnambiguous(patterns: readonly string[]): void {
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

function checkEvent(pattern: string, name: string, event: EventType | undefined): void {
  checkEventName(name);
  if (OWN_EVENTS.includes(name)) {
    throw new EitherwayError(
      "bad-event",
      `Channel ${quote(pattern)} has the event ${quote(name)}, which every channel has of its own; give it another name.`,
    );
  }
  const isClassed = typeof event === "object" && event !== null && "delivery" in event;
  checkSchema(isClassed ? event.schema : event, `Event ${quote(name)} of ${quote(pattern)}`);
}

function checkCall(pattern: string, name: string, call: CallType | undefined): void {
  checkEventName(name); // travels as one
  const schemas = { in: call?.in, out: call?.out, ...call?.errors };
  for (const [part, schema] of Object.entries(schemas)) {
    if (schema !== undefined) checkSchema(schema, `${quote(part)} of call ${quote(name)} of ${quote(pattern)}`);
  }
}

/** The last segment of the stream's log. */
function checkStreamName(pattern: string, name: string): void {
  checkChannelName(name);
  if (!name.includes("/")) return;
  throw new EitherwayError(
    "bad-channel",
    `Stream ${quote(name)} of ${quote(pattern)} has a slash; give it a name of one segment, like answer.`,
  );
}

function checkSchema(value: unknown, what: string): void {
  if (isSchema(value)) return;
  const found =
    value === undefined ? "undefined, as it is where two files import each other" : `a value of type ${typeof value}`;
  throw new EitherwayError(
    "bad-request",
    `${what} has no schema but ${found}; give one of a Standard Schema library: zod 3.24, valibot 1, arktype 2 or newer.`,
  );
}

/** Those of arktype are functions. */
function isSchema(value: unknown): value is StandardSchema {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  const standard: Partial<StandardSchema["~standard"]> | undefined = (value as Partial<StandardSchema>)["~standard"];
  return standard?.version === 1 && typeof standard.validate === "function";
}

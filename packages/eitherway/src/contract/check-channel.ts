/** What a description has to keep to, found where it is written: everything that TypeScript cannot tell, or was not asked (P12). */
import { checkChannelName, checkEventName, EitherwayError, quote } from "../protocol/index.ts";
import type { CallType, EventType, StreamType } from "./channel-type.ts";
import { isSchema } from "./standard-schema.ts";

interface Described {
  readonly events: Readonly<Record<string, EventType>>;
  readonly calls: Readonly<Record<string, CallType>>;
  readonly presence: unknown;
  readonly streams: Readonly<Record<string, StreamType>>;
}

/** Events of the same names that every channel has. */
const OWN_EVENTS = ["gap", "live", "error"];

/**
 * @throws EitherwayError `bad-event` for the name of an event or a call that is none or is taken, `bad-channel` for that of a stream,
 * `bad-request` where there has to be a schema and is none
 */
export function checkChannel(pattern: string, { events, calls, presence, streams }: Described): void {
  for (const [name, event] of Object.entries(events)) checkEvent(pattern, name, event);
  for (const [name, call] of Object.entries(calls)) checkCall(pattern, name, call);
  if (presence !== undefined) checkSchema(presence, `The presence of ${quote(pattern)}`);
  for (const name of Object.keys(streams)) checkStreamName(pattern, name);
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
  const found = value === undefined ? "undefined, as it is where two files import each other" : `a ${typeof value}`;
  throw new EitherwayError(
    "bad-request",
    `${what} has no schema but ${found}; give one of a Standard Schema library: zod 3.24, valibot 1, arktype 2 or newer.`,
  );
}

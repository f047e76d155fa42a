/** A contract as the core asks it: which channels and events there are, what their payloads are, how they are delivered. */

import type { AnySchema, ChannelType, EventType } from "../contract/index.ts";
import { validate } from "../contract/standard-schema.ts";
import type { Admitted, Delivery, Rules } from "../core/index.ts";
import { channelOfLog, EitherwayError, jsonPayload, type Payload, quote } from "../protocol/index.ts";
import type { ChannelIndex } from "./channel-index.ts";
import { readWindow } from "./latest-window.ts";

export interface ContractRulesOptions {
  readonly types: readonly ChannelType[];
  readonly index: ChannelIndex<ChannelType>;
  /** Whether the server's own publishes are validated as well. */
  readonly validateOwn: boolean;
}

/** An event with what need not be found out for each message. */
interface PreparedEvent {
  readonly schema: AnySchema;
  /** Reads the data, which is JSON, only where it tells something. */
  deliver(json: string): Delivery;
}

const RELIABLE: Delivery = { class: "reliable" };
const VOLATILE: Delivery = { class: "volatile" };

/** @throws EitherwayError `bad-request` for a window that is none */
export function createContractRules({ types, index, validateOwn }: ContractRulesOptions): Rules {
  const prepared = new Map(types.map((type) => [type, prepareEvents(type)]));

  function findEvent(channel: string, name: string): PreparedEvent {
    const type = typeOf(channel);
    const event = prepared.get(type)?.get(name);
    if (event) return event;
    throw unknownEvent(channel, name, Object.keys(type.events));
  }

  function typeOf(channel: string): ChannelType {
    const match = index.find(channel);
    if (match) return match.type;
    throw new EitherwayError("unknown-channel", `No channel of the application matches ${quote(channel)}.`);
  }

  return {
    admit(channel, name, payload, own) {
      const event = findEvent(channel, name);
      const text = jsonOf(payload, channel, name);
      if (own && !validateOwn) return { payload, delivery: event.deliver(text) };
      const output = validate(event.schema, JSON.parse(text), `Event ${quote(name)} on ${quote(channel)}`);
      return output instanceof Promise ? output.then((settled) => admitted(event, settled)) : admitted(event, output);
    },
    presence(channel, state) {
      const { presence: schema } = typeOf(channel);
      if (!schema)
        throw new EitherwayError(
          "invalid",
          `Channel ${quote(channel)} has no presence in its contract; describe it there.`,
        );
      const output = validate(schema, JSON.parse(state), `The presence state on ${quote(channel)}`);
      return output instanceof Promise ? output.then(textOf) : textOf(output);
    },
    checkChannel(channel) {
      typeOf(channelOfLog(channel));
    },
  };
}

function textOf(state: unknown): string {
  return String(jsonPayload(state).data);
}

function admitted(event: PreparedEvent, data: unknown): Admitted {
  const payload = jsonPayload(data);
  return { payload, delivery: event.deliver(String(payload.data)) };
}

/** The values of events are JSON: that is what a validator is for. */
function jsonOf(payload: Payload, channel: string, event: string): string {
  if (payload.kind === "json") return payload.data;
  throw new EitherwayError(
    "invalid",
    `Event ${quote(event)} on ${quote(channel)} is JSON, and ${payload.kind} came; publish a value that its schema takes.`,
    { details: { issues: [{ path: "", message: `expected JSON, received ${payload.kind}` }] } },
  );
}

function prepareEvents({ pattern, events }: ChannelType): ReadonlyMap<string, PreparedEvent> {
  return new Map(Object.entries(events).map(([name, type]) => [name, prepare(name, type, pattern)]));
}

function prepare(name: string, type: EventType, pattern: string): PreparedEvent {
  if (!("delivery" in type)) return { schema: type, deliver: () => RELIABLE };
  const { schema } = type;
  if (type.delivery === "volatile") return { schema, deliver: () => VOLATILE };
  const { every, key } = type;
  const windowMs = readWindow(every, `every of event ${name} of ${pattern}`);
  return {
    schema,
    // No event name has a line end, so no key of one event is that of another.
    deliver: (json) => ({ class: "latest", collapse: `${name}\n${key(JSON.parse(json) as never)}`, windowMs }),
  };
}

function unknownEvent(channel: string, event: string, known: readonly string[]): EitherwayError {
  return new EitherwayError(
    "unknown-event",
    `Channel ${quote(channel)} has no event ${quote(event)}; it has ${known.map((one) => quote(one)).join(", ") || "none"}.`,
  );
}

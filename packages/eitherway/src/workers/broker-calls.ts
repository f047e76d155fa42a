/** The broker seam in bytes: what is asked of the primary's broker, what is answered, and what watchers are told. */
import type {
  Batch,
  BeforePage,
  BrokerSizes,
  Claim,
  ClaimRequest,
  CommandKey,
  Draft,
  Members,
  Page,
  PageLimit,
  Position,
  PresenceClaim,
  PresenceEntry,
  Receipt,
  Settlement,
  StreamFailure,
  StreamHold,
} from "../core/index.ts";
import {
  EitherwayError,
  ERROR_CODES,
  GAP_REASONS,
  type Member,
  type Message,
  type Payload,
} from "../protocol/index.ts";
import {
  bytes,
  type Codec,
  cursor,
  epoch,
  flag,
  id,
  list,
  nothing,
  oneOf,
  optional,
  record,
  text,
  tuple,
  variants,
  whole,
} from "./codec.ts";

/** One question of the seam. */
export interface Call<Args extends readonly unknown[] = readonly never[], Result = unknown> {
  readonly args: Codec<Args>;
  readonly result: Codec<Result>;
}

// --- values ---

const payload: Codec<Payload> = variants<Payload, "kind">("kind", {
  json: record({ data: text }),
  text: record({ data: text }),
  bytes: record({ data: bytes }),
});

const code = oneOf(ERROR_CODES);

/** An error as the other process has it: what is wrong with a broker is told in the log of both. */
export const error: Codec<EitherwayError> = {
  write(out, { code: name, message, details, cause }) {
    code.write(out, name);
    out.text(message);
    optional(text).write(out, details === undefined ? undefined : JSON.stringify(details));
    optional(text).write(out, cause === undefined ? undefined : String(cause));
  },
  read(from) {
    const name = code.read(from);
    const message = from.text();
    const details = optional(text).read(from);
    const cause = optional(text).read(from);
    return new EitherwayError(name, message, {
      ...(details !== undefined && { details: JSON.parse(details) as unknown }),
      ...(cause !== undefined && { cause }),
    });
  },
};

const commandKey: Codec<CommandKey> = variants<CommandKey, "kind">("kind", {
  counted: record({ user: text, client: text, counter: whole }),
  foreign: record({ user: text, key: text }),
});

const optionalText = optional(text);
const optionalKey = optional(commandKey);

/** By hand: an absent field stays absent. */
const draft: Codec<Draft> = {
  write(out, { event, payload: content, from: user, key, collapse, replaced = [] }) {
    out.text(event);
    payload.write(out, content);
    optionalText.write(out, user);
    optionalKey.write(out, key);
    optionalText.write(out, collapse);
    drafts.write(out, replaced);
  },
  read(from) {
    const event = from.text();
    const content = payload.read(from);
    const user = optionalText.read(from);
    const key = optionalKey.read(from);
    const collapse = optionalText.read(from);
    const replaced = drafts.read(from);
    return {
      event,
      payload: content,
      ...(user !== undefined && { from: user }),
      ...(key && { key }),
      ...(collapse !== undefined && { collapse }),
      ...(replaced.length > 0 && { replaced }),
    };
  },
};

const drafts = list(draft);

const receipt: Codec<Receipt> = {
  write(out, value) {
    flag.write(out, value.ok);
    if (value.ok) received.write(out, value);
    else error.write(out, value.error);
  },
  read: (from) => (flag.read(from) ? { ok: true, ...received.read(from) } : { ok: false, error: error.read(from) }),
};

const received = record<{ readonly id: string; readonly repeated: boolean }>({ id, repeated: flag });

const message = record<Message>({ seq: whole, at: whole, event: text, from: optionalText, payload, skipped: whole });
const messages = list(message);

const pageLimit = record<PageLimit>({ messages: whole, bytes: whole });
const position = record<Position>({ epoch, seq: whole });

const page: Codec<Page> = variants<Page, "kind">("kind", {
  none: record({}),
  messages: record({ epoch, messages, head: position, oldest: position }),
  gap: record({ why: oneOf(GAP_REASONS), oldest: position, head: position, latest: messages }),
});

const beforePage = record<BeforePage>({ epoch, messages, head: position, oldest: position });

const claimRequest = record<ClaimRequest>({ print: whole, leaseMs: whole, repeatable: flag });

const settlement: Codec<Settlement> = {
  write(out, value) {
    flag.write(out, value.ok);
    if (value.ok) settled.write(out, value);
    else failed.write(out, value);
  },
  read(from) {
    if (flag.read(from)) return { ok: true, ...settled.read(from) };
    const { details, ...rest } = failed.read(from);
    return { ok: false, ...rest, ...(details !== undefined && { details }) };
  },
};

const settled = record<Omit<Extract<Settlement, { ok: true }>, "ok">>({ answer: optional(payload) });
const failed = record<Omit<Extract<Settlement, { ok: false }>, "ok">>({ code, message: text, details: optionalText });

const claim: Codec<Claim> = variants<Claim, "state">("state", {
  new: record({}),
  running: record({}),
  lapsed: record({}),
  reused: record({}),
  settled: record({ settlement }),
});

const hold = record<StreamHold>({ log: text, token: text });
const failure = record<StreamFailure>({ code: text, message: text });

const presenceClaim = record<PresenceClaim>({ member: text, holder: text, key: optionalKey });
const presenceEntry = record<PresenceEntry>({ member: text, holder: text, key: optionalKey, state: text });
const member = record<Member>({ member: text, state: text });
const members = record<Members>({ members: list(member), at: optional(position) });

// --- questions, by the number of their place ---

function call<Args extends readonly unknown[], Result>(args: Codec<Args>, result: Codec<Result>): Call<Args, Result> {
  return { args, result };
}

const CALLS = {
  publish: call(tuple(text, drafts), list(receipt)),
  announce: call(tuple(text, drafts), nothing),
  read: call(tuple(text, cursor, pageLimit), page),
  readBefore: call(tuple(text, optional(id), pageLimit), optional(beforePage)),
  watch: call(tuple(text), nothing),
  unwatch: call(tuple(text), nothing),
  claim: call(tuple(text, text, claimRequest), claim),
  settle: call(tuple(text, text, settlement), nothing),
  reread: call(tuple(), nothing),
  openStream: call(tuple(text, whole), hold),
  appendStream: call(tuple(hold, payload), id),
  renewStream: call(tuple(hold, whole), nothing),
  finishStream: call(tuple(hold, optional(failure)), id),
  touch: call(tuple(text, presenceEntry, whole), nothing),
  leave: call(tuple(text, presenceClaim), nothing),
  list: call(tuple(text), members),
  renew: call(tuple(list(text), whole), nothing),
} as const;

export type CallName = keyof typeof CALLS;
export type ArgsOf<Name extends CallName> = (typeof CALLS)[Name] extends Call<infer Args, infer _> ? Args : never;
export type ResultOf<Name extends CallName> = (typeof CALLS)[Name] extends Call<infer _, infer Result> ? Result : never;

export function codecsOf<Name extends CallName>(name: Name): Call<ArgsOf<Name>, ResultOf<Name>> {
  return CALLS[name] as unknown as Call<ArgsOf<Name>, ResultOf<Name>>;
}

export const CALL_NAMES = Object.keys(CALLS) as readonly CallName[];

// --- what is told without a question ---

export interface Told extends Batch {
  readonly channel: string;
}

export const batch = record<Told>({ channel: text, epoch: optional(epoch), messages, bytes: whole });

/** What the worker's broker answers by itself. */
export interface Status extends BrokerSizes {
  readonly keyWindowMs: number;
}

export const status = record<Status>({ channels: whole, logBytes: whole, keys: whole, keyWindowMs: whole });

/** What a frame of the primary begins with; one of a worker begins with the place of its question in {@link CALL_NAMES}. */
export const ANSWER = 0;
export const REFUSAL = 1;
export const BATCH = 2;
export const STATUS = 3;

/** Pages of logs. */
import type { BeforePage, Page, PageLimit, Position } from "../core/index.ts";
import { joinPieces } from "../core/index.ts";
import { type Cursor, type GapReason, type Id, isStreamLog, type Message, parseId } from "../protocol/index.ts";
import type { RedisConnection } from "./connection.ts";
import type { LogArguments } from "./log-arguments.ts";
import { decodeMessage } from "./message-codec.ts";
import { loadScript, type Script } from "./scripts.ts";

export interface LogReader {
  read(channel: string, after: Cursor, limit: PageLimit): Promise<Page>;
  readBefore(channel: string, before: Id | undefined, limit: PageLimit): Promise<BeforePage | undefined>;
}

/** An entry as XRANGE gives it: id, and field after field with its value. */
type RawEntry = readonly [Buffer, readonly Buffer[]];
type PageReply =
  | readonly [epoch: Buffer, head: number, oldest: number, kind: Buffer, entries: readonly RawEntry[]]
  | null;
type BeforeReply = readonly [epoch: Buffer, head: number, oldest: number, entries: readonly RawEntry[]] | null;

const READ = loadScript("log", "read");
const READ_BEFORE = loadScript("log", "read-before");
/** Of an entry's fields. */
const TIME_VALUE = 1;
const BLOB_VALUE = 5;

export function createLogReader(connection: RedisConnection, logs: LogArguments): LogReader {
  const run = (script: Script, channel: string, args: readonly (string | number)[]): Promise<unknown> =>
    connection.run(script, logs.keys(channel), [...logs.of(channel), ...args.map(String)], { repeatable: true });

  async function read(channel: string, after: Cursor, limit: PageLimit): Promise<Page> {
    const pieces = isStreamLog(channel);
    // Pieces that are joined are one message: how many entries make a page can only be said when they are here.
    const most = pieces ? Number.MAX_SAFE_INTEGER : limit.messages;
    const reply = (await run(READ, channel, [...cursorArguments(after), most, limit.bytes])) as PageReply;
    if (reply === null) return { kind: "none" };
    const [epochBytes, headSeq, oldestSeq, kindBytes, entries] = reply;
    const epoch = epochBytes.toString("latin1");
    const head: Position = { epoch, seq: headSeq };
    const oldest: Position = { epoch, seq: oldestSeq };
    const kind = kindBytes.toString("latin1");
    if (kind !== "page") return { kind: "gap", why: kind as GapReason, head, oldest, latest: messagesOf(entries) };
    const shown = after === "start" ? undefined : parseId(after)?.seq;
    const messages = messagesOf(entries, shown);
    return { kind: "messages", epoch, messages: pieces ? joinedPage(messages, limit) : messages, head, oldest };
  }

  async function readBefore(
    channel: string,
    before: Id | undefined,
    limit: PageLimit,
  ): Promise<BeforePage | undefined> {
    const end = before === undefined ? { epoch: "", seq: 0 } : (parseId(before) ?? NOWHERE);
    const args = [end.epoch, end.seq, limit.messages, limit.bytes];
    const reply = (await run(READ_BEFORE, channel, args)) as BeforeReply;
    if (reply === null) return undefined;
    const [epochBytes, head, oldest, entries] = reply;
    const epoch = epochBytes.toString("latin1");
    const messages = messagesOf([...entries].reverse());
    return { epoch, messages, head: { epoch, seq: head }, oldest: { epoch, seq: oldest } };
  }

  return { read, readBefore };
}

/** No log has this epoch: it is no base-36 number. */
const NOWHERE: Position = { epoch: "-", seq: 0 };

function cursorArguments(after: Cursor): readonly [string, number] {
  if (after === "start" || after === "now") return [after, 0];
  const { epoch, seq } = parseId(after) ?? NOWHERE;
  return [epoch, seq];
}

/** @param shown seq up to which the reader has seen; `undefined`: nothing is missing before the first message */
function messagesOf(entries: readonly RawEntry[], shown?: number): readonly Message[] {
  let seen = shown;
  return entries.map(([id, fields]) => {
    const seq = Number.parseInt(id.toString("latin1"), 10); // "<seq>-0"
    const message = decodeMessage(fields[BLOB_VALUE] as Buffer, seq, Number(fields[TIME_VALUE]));
    const skipped = seen === undefined ? 0 : seq - seen - 1;
    seen = seq;
    return skipped === 0 ? message : { ...message, skipped };
  });
}

function joinedPage(messages: readonly Message[], limit: PageLimit): readonly Message[] {
  const joined = joinPieces(messages);
  return joined.slice(0, limit.messages);
}

/**
 * Every parser that reads what a stranger sends, each in a line: what it starts from, how it reads, and what besides must be true of what it
 * read. A new parser is a new line.
 */

import { codeOf } from "../../src/cli/doctor/request.ts";
import { readLines } from "../../src/client/transports/frames.ts";
import { failureOf } from "../../src/client/transports/http.ts";
import { channel } from "../../src/contract/index.ts";
import { formatPattern } from "../../src/contract/pattern.ts";
import { readHandshake } from "../../src/node/handshake-reader.ts";
import { checkHandshake } from "../../src/node/upgrade-exchange.ts";
import { fromBase64 } from "../../src/protocol/base64.ts";
import {
  type ArrivedFrame,
  binaryClientCodec,
  binaryServerCodec,
  checkChannelName,
  checkEventName,
  checkKey,
  checkLogName,
  formatId,
  isClientId,
  isCursor,
  jsonClientCodec,
  jsonServerCodec,
  parseCountedKey,
  parsedJsonPayload,
  parseId,
  textPayload,
} from "../../src/protocol/index.ts";
import { createAccess } from "../../src/server/access.ts";
import { readAmount } from "../../src/server/amounts.ts";
import { createChannelIndex } from "../../src/server/channel-index.ts";
import { checkContract } from "../../src/server/check-contract.ts";
import { targetOf } from "../../src/server/target.ts";
import { forwarded } from "../../src/server/trust-proxy.ts";
import { kindOf } from "../../src/transports/channels.ts";
import { decodePercent, decodeUtf8, headerText, readQuery, wholeNumber } from "../../src/transports/requests.ts";
import { decode } from "../protocol/sse-support.ts";
import { createBytesMutator, createHeaderMutator, createTextMutator } from "../support/mutator.ts";
import { CORPUS } from "./corpus.ts";
import type { Parser } from "./examine.ts";
import * as yardstick from "./yardsticks.ts";

const inTexts = <Read>(
  name: string,
  corpus: readonly string[],
  parser: Omit<Parser<string, Read>, "name" | "mutate">,
) => ({ name, mutate: createTextMutator(corpus), ...parser }) as Parser;
const inHeaders = <Read>(
  name: string,
  corpus: readonly string[],
  parser: Omit<Parser<string, Read>, "name" | "mutate">,
) => ({ name, mutate: createHeaderMutator(corpus), ...parser }) as Parser;
const inBytes = <Read>(
  name: string,
  corpus: readonly Uint8Array[],
  parser: Omit<Parser<Uint8Array, Read>, "name" | "mutate">,
) => ({ name, mutate: createBytesMutator(corpus), ...parser }) as Parser;

/** For checks that say nothing when all is well. */
const passed =
  <Input>(check: (input: Input) => void) =>
  (input: Input): true => {
    check(input);
    return true;
  };

const access = createAccess({ allowedOrigins: [], insecure: false });
const nothing = { handles: () => false, async handle() {}, upgrade() {} };

function check(asker: string): true {
  const [host = "", origin = "", site = ""] = asker.split("\n");
  const headers: Readonly<Record<string, string>> = { host, origin, "sec-fetch-site": site };
  access.check({ secure: false, header: (name) => headers[name] || undefined }, true);
  return true;
}

function upgrade(lines: string): true {
  const [version, key, protocols] = lines.split("\n");
  const headers = {
    "sec-websocket-version": version,
    "sec-websocket-key": key,
    "sec-websocket-protocol": protocols,
  };
  checkHandshake({ method: "GET", url: "/", headers, socket: undefined as never });
  return true;
}

function framesOf(text: string): readonly ArrivedFrame[] {
  const frames: ArrivedFrame[] = [];
  readLines(
    text,
    () => true,
    (frame) => frames.push(frame),
  );
  return frames;
}

function refusal(text: string) {
  const end = text.indexOf("\n");
  return failureOf({ from: "/", status: 503, retryAfter: text.slice(0, end), body: text.slice(end + 1) }, 0);
}

export const PARSERS: readonly Parser[] = [
  inTexts("client frames in JSON", [...CORPUS.clientFrames, ...CORPUS.publishes], {
    read: jsonServerCodec.readClient,
    wrong: yardstick.jsonFrame,
  }),
  inTexts("publishes, the fast way and the slow one", CORPUS.publishes, {
    read: (wire) => [yardstick.attempt(() => jsonServerCodec.readClient(wire)), wire] as const,
    wrong: yardstick.slowWay,
    total: true,
  }),
  inTexts("server frames in JSON", CORPUS.serverFrames, { read: jsonClientCodec.readServer }),
  inBytes("client frames in binary", CORPUS.binaryClientFrames, {
    read: binaryServerCodec.readClient,
    wrong: yardstick.binaryFrame,
  }),
  inBytes("server frames in binary", CORPUS.binaryServerFrames, { read: binaryClientCodec.readServer }),
  inBytes("event streams", CORPUS.streams, {
    read: (bytes) => decode([bytes]),
    wrong: yardstick.eventStream,
    total: true,
  }),
  inTexts("answers of lines", CORPUS.lines, { read: framesOf, total: true }),
  inTexts("refusals", CORPUS.refusals, { read: refusal, total: true }),
  inTexts("refusals, as the doctor reads them", CORPUS.refusals, { read: (text) => codeOf(text.replace(/^.*\n/, "")) }),
  inTexts("ids", CORPUS.ids, { read: parseId, wrong: yardstick.sameText(({ epoch, seq }) => formatId(epoch, seq)) }),
  inTexts("cursors", CORPUS.cursors, { read: isCursor }),
  inTexts("names of channels", CORPUS.channels, { read: passed(checkChannelName), wrong: yardstick.channelName }),
  inTexts("names of logs", CORPUS.channels, { read: passed(checkLogName) }),
  inTexts("names of events", CORPUS.events, { read: passed(checkEventName), wrong: yardstick.shortText(64) }),
  inTexts("keys", CORPUS.keys, { read: passed(checkKey), wrong: yardstick.shortText(128) }),
  inTexts("counted keys", CORPUS.countedKeys, {
    read: parseCountedKey,
    wrong: yardstick.sameText(({ client, counter }) => `${client}.${counter}`),
  }),
  inTexts("client ids", ["c8", "A-b_9", "x".repeat(64)], { read: isClientId, wrong: yardstick.shortText(64) }),
  inTexts("queries", CORPUS.queries, { read: readQuery, wrong: yardstick.query }),
  inTexts("numbers in queries", ["limit=25", "limit=0", "limit=1&limit=2"], {
    read: (query) => wholeNumber(readQuery(query), "limit", { least: 1, most: 1_000, otherwise: 100 }),
  }),
  inTexts("paths", CORPUS.paths, { read: (path) => decodePercent(path) }),
  inTexts("targets", CORPUS.targets, {
    read: (url) => targetOf(url, "/eitherway", nothing),
    wrong: ({ path, query }, url) => (`${url}?`.includes(`${path}?${query}`) ? undefined : "not the end of it"),
  }),
  inHeaders("header texts", [...CORPUS.texts, ...CORPUS.keys], {
    read: (raw) => headerText({ header: () => raw } as never, "idempotency-key"),
    wrong: yardstick.headerText,
  }),
  inHeaders("content types", CORPUS.contentTypes, { read: kindOf, wrong: yardstick.contentType }),
  inHeaders("hosts and origins", CORPUS.askers, { read: check, wrong: yardstick.ownPage }),
  inHeaders("forwarded headers", CORPUS.forwarded, {
    read: (header) => forwarded(header, 1),
    wrong: (item, header) => (header.split(",").some((part) => part.trim() === item) ? undefined : "none of them"),
  }),
  inHeaders("handshakes, read ahead", CORPUS.handshakes, {
    read: (head) => readHandshake(Buffer.from(head, "latin1")),
  }),
  inHeaders("handshakes, checked", CORPUS.upgrades, { read: upgrade }),
  inTexts("payloads of JSON", CORPUS.json, { read: parsedJsonPayload, wrong: yardstick.json }),
  inTexts("payloads of text", CORPUS.texts, { read: textPayload, wrong: yardstick.unicode }),
  inBytes(
    "text in UTF-8",
    CORPUS.texts.map((text) => Uint8Array.from(Buffer.from(text))),
    { read: (bytes) => ({ text: decodeUtf8(bytes, "The payload") }), wrong: yardstick.utf8 },
  ),
  inTexts("base64", CORPUS.base64, { read: fromBase64, wrong: yardstick.base64 }),
  inTexts("amounts", CORPUS.amounts, { read: (text) => readAmount(text, "limits.frameBytes") }),
  inTexts("patterns of contracts", CORPUS.patterns, {
    read(pattern) {
      checkContract({ one: channel(pattern) });
      return { pattern };
    },
    wrong({ pattern }) {
      const name = pattern.replace(/(^|\/):/g, "$1");
      const found = createChannelIndex([{ pattern }]).find(name);
      return found && formatPattern(pattern, found.params) === name ? undefined : `does not match ${name}`;
    },
  }),
];

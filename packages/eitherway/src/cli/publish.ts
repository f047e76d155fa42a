/** `eitherway publish`: sends one message, or every line of standard input in order, and waits until they are stored. */
import type { Readable } from "node:stream";
import type { Channel, PublishOptions } from "../client/index.node.ts";
import { EitherwayError } from "../protocol/index.ts";
import type { Command } from "./command.ts";
import { CONNECTION_FLAGS, type Connection, connect } from "./connection.ts";
import type { Arguments, GivenFlags } from "./flags.ts";
import { readLines } from "./lines.ts";
import type { Output } from "./output.ts";
import { asUsage, EXIT, type Surroundings, UsageError } from "./surroundings.ts";

export const publishCommand: Command = {
  name: "publish",
  parameters: "CHANNEL [PAYLOAD]",
  summary: "Publishes a message; without a payload, what standard input has.",
  flags: {
    ...CONNECTION_FLAGS,
    lines: { help: "each line of standard input is a message; order is kept" },
    text: { help: "the payload is text, whatever it looks like" },
    json: { help: "the payload is JSON, or else an error" },
    event: { value: "NAME", help: "event name; default message" },
    key: { value: "KEY", help: "idempotency key: publishing again with it inside the key window changes nothing" },
  },
  notes: [
    "JSON objects and arrays are sent as JSON, anything else as text, unless --text or --json say so.",
    "While the server is away it waits and tries again; nothing is sent twice. Prints the id of the message;",
    "with --lines nothing. The exit code is 1 when something was not stored, with the reason on standard error.",
  ],
  run: publish,
};

/** Unanswered lines: what one channel may have on the wire, so that answers never wait for reading. */
const MOST_UNANSWERED = 256;

async function publish(given: Arguments, { stdin, signal }: Surroundings, output: Output): Promise<number> {
  const { flags } = given;
  const [name, payload] = readPositionals(given);
  const lines = flags.on("lines");
  if (!lines && payload === undefined && "isTTY" in stdin && stdin.isTTY === true) {
    throw new UsageError("There is no payload; give one after the channel, or pipe it in.");
  }
  const connection = connect(flags, output, { signal, unanswered: MOST_UNANSWERED });
  const { client } = connection;
  try {
    const channel = asUsage(() => client.channel(name));
    if (lines) return await publishLines({ connection, channel, stdin, flags }, output);
    const message = readMessage(payload ?? decode(await readWhole(stdin)), flags);
    const { id } = await channel.publish(message.data, message.options);
    await output.data(id);
    return EXIT.ok;
  } catch (thrown) {
    if (connection.failure === undefined) throw thrown;
    throw new EitherwayError("closed", connection.failure, { cause: thrown });
  } finally {
    await client.close();
  }
}

function readPositionals({ flags, positionals }: Arguments): readonly [string, string | undefined] {
  const [name, payload, ...others] = positionals;
  if (name === undefined || others.length > 0) {
    throw new UsageError(
      'publish takes a channel and a payload (in quotes): eitherway publish room/42 \'{"text":"hi"}\'.',
    );
  }
  if (flags.on("text") && flags.on("json")) throw new UsageError("Give --text or --json, not both.");
  if (flags.on("lines") && payload !== undefined) {
    throw new UsageError("With --lines the payloads are the lines of standard input; leave the payload out.");
  }
  if (flags.on("lines") && flags.on("key")) {
    throw new UsageError("One --key cannot name many lines; leave it out: each line has a key of its own.");
  }
  return [name, payload];
}

interface LinesInput {
  readonly connection: Connection;
  readonly channel: Channel;
  readonly stdin: Readable;
  readonly flags: GivenFlags;
}

/** That many reasons are told one by one. */
const MOST_REASONS = 10;

/** Reads only while the outbox has room, so memory is bounded however much comes and however long the server is away. */
async function publishLines({ connection, channel, stdin, flags }: LinesInput, output: Output): Promise<number> {
  const { client, over } = connection;
  const answers = new Set<Promise<void>>();
  let number = 0;
  let failed = 0;

  async function send(line: Uint8Array, at: number): Promise<void> {
    try {
      const { data, options } = readMessage(decode(line), flags);
      await channel.publish(data, options);
    } catch (thrown) {
      failed++;
      if (failed <= MOST_REASONS) output.say(`Line ${at}: ${(thrown as Error).message}`);
    }
  }

  over.addEventListener("abort", () => stdin.destroy(), { once: true });
  try {
    for await (const line of readLines(stdin)) {
      await client.ready();
      number++;
      const answer: Promise<void> = send(line, number).then(() => void answers.delete(answer));
      answers.add(answer);
    }
  } catch (thrown) {
    if (!over.aborted) throw thrown; // otherwise that is what ended the reading
  }
  await Promise.all(answers);
  if (connection.failure !== undefined) output.say(connection.failure);
  if (failed > 0) output.say(`${failed} of ${number} lines were not stored.`);
  return failed === 0 && !over.aborted ? EXIT.ok : EXIT.failed;
}

interface Message {
  readonly data: unknown;
  readonly options: PublishOptions;
}

function readMessage(text: string, flags: GivenFlags): Message {
  const [event, key] = [flags.text("event"), flags.text("key")];
  const options = { ...(event !== undefined && { event }), ...(key !== undefined && { key }) };
  const json = flags.on("text") ? undefined : readJson(text, flags.on("json"));
  return json ? { data: json.value, options } : { data: text, options: { ...options, kind: "text" } };
}

const OBJECT_OR_ARRAY = /^\s*[{[]/;

function readJson(text: string, wanted: boolean): { readonly value: unknown } | undefined {
  if (!wanted && !OBJECT_OR_ARRAY.test(text)) return undefined;
  try {
    return { value: JSON.parse(text) };
  } catch (cause) {
    if (!wanted) return undefined;
    throw new EitherwayError("bad-json", `The payload is not JSON: ${(cause as Error).message}.`, { cause });
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new EitherwayError(
      "bad-utf8",
      "Standard input is not UTF-8 text; only text and JSON can be published here.",
      {
        cause,
      },
    );
  }
}

/** All of the input, without the line feed that `echo` puts at its end. */
async function readWhole(input: Readable): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of input) chunks.push(typeof chunk === "string" ? Buffer.from(chunk) : (chunk as Buffer));
  const whole = Buffer.concat(chunks);
  return whole.at(-1) === "\n".charCodeAt(0) ? whole.subarray(0, -1) : whole;
}

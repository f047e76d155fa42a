/** `eitherway tail`: prints the messages of a channel as they come, through cuts and restarts. */
import type { Channel, Gap, MessageMeta } from "../client/index.node.ts";
import type { Command } from "./command.ts";
import { CONNECTION_FLAGS, connect } from "./connection.ts";
import type { Arguments } from "./flags.ts";
import type { Output } from "./output.ts";
import { printable } from "./printable.ts";
import { asUsage, EXIT, type Surroundings, UsageError } from "./surroundings.ts";

export const tailCommand: Command = {
  name: "tail",
  parameters: "CHANNEL",
  summary: "Prints the messages of a channel, one a line.",
  flags: {
    ...CONNECTION_FLAGS,
    from: { value: "WHERE", help: "start (everything kept), now (default), or an id: what comes after it" },
    json: { help: "each message as a JSON object with its id, instead of its payload alone" },
  },
  notes: [
    "Text is printed as it is, JSON on one line, bytes in base64. Gaps and lost connections are told on standard error.",
  ],
  run: tail,
};

async function tail({ flags, positionals }: Arguments, { signal }: Surroundings, output: Output): Promise<number> {
  const [name, ...others] = positionals;
  if (name === undefined || others.length > 0) {
    throw new UsageError("tail takes one channel: eitherway tail room/42. For more of them start it more often.");
  }
  const connection = connect(flags, output, { signal: AbortSignal.any([signal, output.unread]) });
  const { client } = connection;
  try {
    const channel = asUsage(() => client.channel(name, { from: flags.text("from") ?? "now" }));
    channel.on("gap", (gap) => output.say(gapSentence(gap)));
    await print(channel, flags.on("json") ? asJson : output.isTerminal ? forTerminal : asText, output);
  } finally {
    await client.close();
  }
  if (connection.failure === undefined) return EXIT.ok;
  output.say(connection.failure);
  return EXIT.failed;
}

type Format = (data: unknown, meta: MessageMeta) => string;

/** One message at a time, at the pace of whoever reads standard output: what waits, waits in the server's log. */
async function print(channel: Channel, format: Format, output: Output): Promise<void> {
  for await (const { data, meta } of channel) await output.data(format(data, meta));
}

function gapSentence({ channel, why, oldest, head }: Gap): string {
  const kept = oldest === head ? "" : ` Kept are ${oldest} to ${head}: --from start prints them.`;
  return `Gap in ${channel} (${why}): messages were missed; going on after ${head}.${kept}`;
}

/** The fields that history answers with. */
function asJson(data: unknown, { id, channel, event, at, from, kind }: MessageMeta): string {
  const payload = kind === "text" ? { text: data } : kind === "bytes" ? { bytes: base64(data) } : { data };
  return JSON.stringify({ id, channel, event, at, from, ...payload });
}

function asText(data: unknown, { kind }: MessageMeta): string {
  return kind === "text" ? String(data) : kind === "bytes" ? base64(data) : JSON.stringify(data);
}

function forTerminal(data: unknown, meta: MessageMeta): string {
  return printable(asText(data, meta));
}

function base64(data: unknown): string {
  return Buffer.from(data as Uint8Array).toString("base64");
}

/** `POST /commands`: ordered, keyed commands of one client; each is answered in the response, on any node. */
import { answerFrame, type HttpExchange, type Hub } from "../core/index.ts";
import {
  type CommandFrame,
  EitherwayError,
  type HelloFrame,
  jsonServerCodec,
  pollFraming,
  quote,
  toEitherwayError,
} from "../protocol/index.ts";
import { linesAnswer } from "./answers.ts";
import { concat } from "./poll.ts";
import { asHello, readText } from "./requests.ts";

/**
 * The body is NDJSON: a hello, then publish frames. One line that is no legal frame refuses the whole batch before any of it
 * is done. A retryable failure is the last answer: what follows it was not tried.
 */
export async function serveCommands(hub: Hub, exchange: HttpExchange): Promise<void> {
  const { hello, commands } = readBatch(await readText(hub, exchange), hub.limits.inFlight);
  const answers = await hub.run(commands, { client: hello.client });
  const lines = answers.map((answer) => pollFraming.frame(answerFrame(answer)));
  const length = lines.reduce((sum, line) => sum + line.length, 0);
  exchange.respond(linesAnswer(concat(lines, length)));
}

function readBatch(text: string, most: number): { hello: HelloFrame; commands: readonly CommandFrame[] } {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  if (lines.length - 1 > most) {
    throw new EitherwayError(
      "too-large",
      `The batch has ${lines.length - 1} commands, the limit is ${most} (limits.inFlight); send the rest after the answer.`,
    );
  }
  const frames = lines.map(readLine);
  const first = frames[0];
  if (!first)
    throw new EitherwayError("bad-request", 'The body is empty; send {"t":"hello",…} and then a command a line.');
  const commands = frames.slice(1).map((frame, i) => {
    if (frame.t === "publish" || frame.t === "call" || frame.t === "presence") return frame;
    throw new EitherwayError(
      "bad-request",
      `Line ${i + 2} is ${quote(frame.t)}; after the hello only commands follow.`,
    );
  });
  return { hello: asHello(first), commands };
}

function readLine(line: string, index: number) {
  try {
    return jsonServerCodec.readClient(line);
  } catch (thrown) {
    const error = toEitherwayError(thrown);
    throw new EitherwayError(error.code, `Line ${index + 1}: ${error.message}`, { cause: error.cause });
  }
}

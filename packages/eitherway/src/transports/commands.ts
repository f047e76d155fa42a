/** `POST /commands`: ordered, keyed commands of one client; each is answered in the response, on any node. */
import {
  answerFrame,
  type CommandOutcome,
  errorFields,
  type HttpExchange,
  type Hub,
  type LaterAnswer,
} from "../core/index.ts";
import {
  type AnnounceFrame,
  type ClientFrame,
  type CommandFrame,
  EitherwayError,
  type HelloFrame,
  jsonServerCodec,
  pollFraming,
  quote,
  type ServerFrame,
  toEitherwayError,
} from "../protocol/index.ts";
import { isAbandonable } from "./abilities.ts";
import { linesAnswer } from "./answers.ts";
import { concat, GATHER_MS, waitMsOf } from "./poll.ts";
import { asHello, identify, readText } from "./requests.ts";

/**
 * The body is NDJSON: a hello, then commands. One line that is no legal frame refuses the whole batch before any of it is done. A
 * retryable failure is the last answer: what follows it was not tried. Announcements may be among them: they are told behind the
 * commands and have no answer, but for an `error` without key where one is refused.
 *
 * A call that has no answer soon is answered with `running`, since more commands wait behind this batch. Its client asks again, with
 * the same frame and `wait` in the hello: then the answer comes when there is one.
 */
export async function serveCommands(hub: Hub, exchange: HttpExchange): Promise<void> {
  const { hello, commands, announced } = readBatch(await readText(hub, exchange), hub.limits.inFlight);
  const who = await identify(hub, exchange, hello.client, hello.token);
  hub.spend(who, commands.length + announced.length);
  const outcomes = await hub.run(commands, who);
  const calls = outcomes.filter(isLater);
  // An answer that is there is not held back for others: it may be all that the client waits for.
  const asksAgain = hello.wait !== undefined && calls.length === outcomes.length;
  const [answers, refused] = await Promise.all([
    answersWithin(hub, exchange, calls, asksAgain ? waitMsOf(hello) : SOON_MS, asksAgain),
    hub.announce(announced, who), // who listens now is not to wait for calls
  ]);
  const lines = [
    ...outcomes.map((outcome) => pollFraming.frame(frameOf(outcome, answers))),
    ...refused.map((error) => pollFraming.frame({ t: "error", ...errorFields(error) })),
  ];
  const length = lines.reduce((sum, line) => sum + line.length, 0);
  exchange.respond(linesAnswer(concat(lines, length)));
}

/** Most calls are answered by then, and nobody who waits behind one minds. */
const SOON_MS = 100;

/**
 * What is answered when all are, when the time is over, or when the client has gone; with `first`, as soon as one is, and what comes
 * with it.
 */
function answersWithin(
  { clock }: Hub,
  exchange: HttpExchange,
  calls: readonly LaterAnswer[],
  ms: number,
  first: boolean,
): Promise<ReadonlyMap<LaterAnswer, ServerFrame>> {
  const answers = new Map<LaterAnswer, ServerFrame>();
  if (calls.length === 0) return Promise.resolve(answers);
  return new Promise((resolve) => {
    const done = (): void => {
      stop();
      resolve(new Map(answers));
    };
    let stop = clock.after(ms, done);
    for (const call of calls) {
      void call.later.then((answer) => {
        answers.set(call, answerFrame(answer));
        if (answers.size === calls.length) done();
        else if (first && answers.size === 1) {
          stop();
          stop = clock.after(GATHER_MS, done);
        }
      });
    }
    if (isAbandonable(exchange)) exchange.onAbandoned(done);
  });
}

function frameOf(outcome: CommandOutcome, answers: ReadonlyMap<LaterAnswer, ServerFrame>): ServerFrame {
  if (!isLater(outcome)) return answerFrame(outcome);
  return answers.get(outcome) ?? { t: "running", key: outcome.key };
}

function isLater(outcome: CommandOutcome): outcome is LaterAnswer {
  return "later" in outcome;
}

interface Batch {
  readonly hello: HelloFrame;
  readonly commands: readonly CommandFrame[];
  readonly announced: readonly AnnounceFrame[];
}

function readBatch(text: string, most: number): Batch {
  const lines = linesOf(text);
  if (lines.length - 1 > most) {
    throw new EitherwayError(
      "too-large",
      `The batch has ${lines.length - 1} commands, the limit is ${most} (limits.inFlight); send the rest after the answer.`,
    );
  }
  const frames = lines.map(readLine);
  const [first, ...rest] = frames;
  if (!first)
    throw new EitherwayError("bad-request", 'The body is empty; send {"t":"hello",…} and then a command a line.');
  const commands: CommandFrame[] = [];
  const announced: AnnounceFrame[] = [];
  for (const [i, frame] of rest.entries()) {
    if (frame.t === "announce") announced.push(frame);
    else if (frame.t === "publish" || frame.t === "call" || frame.t === "presence") commands.push(frame);
    else
      throw new EitherwayError(
        "bad-request",
        `Line ${lines[i + 1]?.number} is ${quote(frame.t)}; after the hello only commands follow.`,
      );
  }
  return { hello: asHello(first), commands, announced };
}

interface Line {
  readonly text: string;
  /** In the body as it came, from 1: what its sender can look for. */
  readonly number: number;
}

/** Those that are not empty. */
function linesOf(body: string): readonly Line[] {
  const lines: Line[] = [];
  for (const [i, text] of body.split("\n").entries()) if (text.trim() !== "") lines.push({ text, number: i + 1 });
  return lines;
}

function readLine({ text, number }: Line): ClientFrame {
  try {
    return jsonServerCodec.readClient(text);
  } catch (thrown) {
    const error = toEitherwayError(thrown);
    throw new EitherwayError(error.code, `Line ${number}: ${error.message}`, { cause: error.cause });
  }
}

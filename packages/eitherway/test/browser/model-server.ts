/** A server that speaks the stream of OpenAI's `chat/completions`, and writes what a test tells it. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished, vi } from "vitest";

export interface ModelServer {
  /** For the showcase. */
  readonly env: Readonly<Record<string, string>>;
  /** The next answer, once it is asked for. */
  asked(): Promise<ModelAnswer>;
}

export interface ModelAnswer {
  readonly question: string;
  readonly authorization: string | undefined;
  write(token: string): void;
  end(): void;
  /** Ends the response without the end of the answer. */
  breakOff(): void;
  refuse(status: number, message: string): void;
  /** Whoever asked has closed the connection before the end. */
  readonly isAborted: boolean;
}

interface Body {
  readonly stream: boolean;
  readonly model: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
}

const MODEL = "a-model";
const WAIT = { timeout: 30_000, interval: 20 };

/** On a free port. It ends with the test. */
export async function startModelServer(): Promise<ModelServer> {
  const answers: ModelAnswer[] = [];
  const server = createServer(async (request, response) => {
    const body = await readBody(request);
    if (request.url !== "/v1/chat/completions" || body.model !== MODEL || !body.stream) response.writeHead(400).end();
    else answers.push(answerOf(body.messages[0]?.content ?? "", request, response));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return {
    env: {
      EITHERWAY_SHOWCASE_OPENAI_URL: `http://127.0.0.1:${port}/v1`,
      EITHERWAY_SHOWCASE_OPENAI_MODEL: MODEL,
      EITHERWAY_SHOWCASE_OPENAI_KEY: "a-key",
    },
    asked: () =>
      vi.waitFor(() => {
        const answer = answers.shift();
        if (!answer) throw new Error("The model was not asked.");
        return answer;
      }, WAIT),
  };
}

async function readBody(request: IncomingMessage): Promise<Body> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString());
}

function answerOf(question: string, { headers }: IncomingMessage, response: ServerResponse): ModelAnswer {
  let isAborted = false;
  response.on("close", () => {
    isAborted = !response.writableEnded;
  });
  const send = (data: string): void => {
    if (!response.headersSent) response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(`data: ${data}\n\n`);
  };
  const chunk = (delta: object, reason: string | null): string =>
    JSON.stringify({ object: "chat.completion.chunk", choices: [{ index: 0, delta, finish_reason: reason }] });
  return {
    question,
    authorization: headers.authorization,
    write: (token) => send(chunk({ content: token }, null)),
    end() {
      send(chunk({}, "stop"));
      send("[DONE]");
      response.end();
    },
    breakOff: () => void response.end(),
    refuse: (status, message) => void response.writeHead(status).end(message),
    get isAborted() {
      return isAborted;
    },
  };
}

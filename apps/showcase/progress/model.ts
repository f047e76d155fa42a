/** Answers by a model behind any server that speaks OpenAI's `chat/completions`. */
import { createCompletionReader } from "./chat-completions.ts";
import type { Writer } from "./writer.ts";

export interface ModelOptions {
  /** Of the API: `https://api.openai.com/v1`, `http://127.0.0.1:11434/v1`. */
  readonly url: string;
  readonly model: string;
  /** Servers on one's own machine want none. */
  readonly key?: string | undefined;
}

const MOST_QUOTED = 200;

export function createModel({ url, model, key }: ModelOptions): Writer {
  const address = `${url.replace(/\/$/, "")}/chat/completions`;
  const headers = { "content-type": "application/json", ...(key && { authorization: `Bearer ${key}` }) };

  return {
    by: `Written by ${model}.`,
    async *write(question, signal) {
      const body = JSON.stringify({ model, stream: true, messages: [{ role: "user", content: question }] });
      const response = await fetch(address, { method: "POST", headers, body, signal });
      if (!response.ok || !response.body) throw await refusal(response);
      const reader = createCompletionReader();
      for await (const text of response.body.pipeThrough(new TextDecoderStream())) yield* reader.read(text);
      yield* reader.read("\n\n"); // a last event without the empty line behind it
      if (!reader.isWhole) throw new Error("The model's server ended the answer in the middle.");
    },
  };
}

async function refusal(response: Response): Promise<Error> {
  const said = (await response.text()).slice(0, MOST_QUOTED);
  return new Error(`The model's server refused with ${response.status}: ${said}`);
}

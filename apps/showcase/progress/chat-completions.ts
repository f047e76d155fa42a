/** The stream of `POST /chat/completions` with `stream: true`, as the servers of many models speak it: from its text to its tokens. */
import { createParser } from "eventsource-parser";
import * as v from "valibot";

export interface CompletionReader {
  /** @returns the tokens that this part of the response completes. @throws Error where the server reports one, or sends something else */
  read(text: string): readonly string[];
  /** `[DONE]`, or the reason why it finished, has come: without one the answer was cut off. */
  readonly isWhole: boolean;
}

/** Other servers than OpenAI's leave things out, send `null`, and add their own. */
const chunk = v.object({
  choices: v.optional(
    v.array(
      v.object({
        delta: v.optional(v.object({ content: v.nullish(v.string()) })),
        finish_reason: v.nullish(v.string()),
      }),
    ),
  ),
  error: v.nullish(v.union([v.string(), v.object({ message: v.string() })])),
});

const DONE = "[DONE]";
/** No event of a token is so long. */
const MOST_EVENT_CHARACTERS = 1024 * 1024;

export function createCompletionReader(): CompletionReader {
  let tokens: string[] = [];
  let isWhole = false;
  let failure: Error | undefined;

  const parser = createParser({
    maxBufferSize: MOST_EVENT_CHARACTERS,
    onEvent({ data }) {
      if (isWhole && data !== DONE) return; // figures of usage
      if (data === DONE) isWhole = true;
      else take(data);
    },
    onError(error) {
      if (error.type === "max-buffer-size-exceeded")
        failure ??= new Error("The model's server sent an event without an end.");
    },
  });

  function take(data: string): void {
    const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), chunk), data);
    if (!parsed.success) {
      failure ??= new Error("The model's server sent something that is no chat completion.");
      return;
    }
    const { choices = [], error } = parsed.output;
    if (error)
      failure ??= new Error(`The model's server reports: ${typeof error === "string" ? error : error.message}`);
    const [choice] = choices;
    if (choice?.delta?.content) tokens.push(choice.delta.content);
    if (choice?.finish_reason) isWhole = true;
  }

  return {
    read(text) {
      parser.feed(text);
      const complete = tokens;
      tokens = [];
      if (failure && complete.length === 0) throw failure;
      return complete;
    },
    get isWhole() {
      return isWhole;
    },
  };
}

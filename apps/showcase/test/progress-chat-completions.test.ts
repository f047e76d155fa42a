import fc from "fast-check";
import { expect, test } from "vitest";
import { createCompletionReader } from "../progress/chat-completions.ts";

const token = (content: string): string => event({ choices: [{ index: 0, delta: { content }, finish_reason: null }] });
const event = (data: unknown): string => `data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;
const STOP = event({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] });

test("tokens come in order, without the role at the start and the figures at the end", () => {
  const reader = createCompletionReader();
  const text = [
    event({ choices: [{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }] }),
    token("Hel"),
    token("lo"),
    STOP,
    event({ choices: [], usage: { total_tokens: 12 } }),
    event("[DONE]"),
  ];
  expect(text.flatMap((part) => reader.read(part))).toEqual(["Hel", "lo"]);
  expect(reader.isWhole).toBe(true);
});

test("tokens are the same however the network cuts the text", () => {
  const tokens = ["Each ", "line\n", "is a “token” ", "…"];
  const text = [": a comment\n\n", ...tokens.map(token), STOP, event("[DONE]")].join("").replaceAll("\n", "\r\n");
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: text.length })), (cuts) => {
      const reader = createCompletionReader();
      const places = [0, ...cuts.sort((one, other) => one - other), text.length];
      const got = places.slice(1).flatMap((end, index) => reader.read(text.slice(places[index], end)));
      expect(got).toEqual(tokens);
      expect(reader.isWhole).toBe(true);
    }),
    { seed: 8133, numRuns: 200 },
  );
});

test("an answer is whole by [DONE] or by a reason to finish, and not without", () => {
  const byReason = createCompletionReader();
  byReason.read(token("a"));
  expect(byReason.isWhole).toBe(false);
  byReason.read(STOP);
  expect(byReason.isWhole).toBe(true);

  const byDone = createCompletionReader();
  byDone.read(event("[DONE]"));
  expect(byDone.isWhole).toBe(true);
});

test("an error in the stream is thrown with the server's words, after the tokens before it", () => {
  const reader = createCompletionReader();
  expect(reader.read(token("a") + event({ error: { message: "out of memory", code: 500 } }))).toEqual(["a"]);
  expect(() => reader.read("")).toThrow("The model's server reports: out of memory");
});

test.each([
  ["no JSON", "data: <html>\n\n"],
  ["JSON of something else", event({ choices: "none" })],
])("%s is refused", (_, text) => {
  expect(() => createCompletionReader().read(text)).toThrow("sent something that is no chat completion");
});

test("an event without an end is refused before it fills the memory", () => {
  const reader = createCompletionReader();
  const read = () => {
    for (let part = 0; part < 40; part++) reader.read(`data: ${"x".repeat(64 * 1024)}`);
  };
  expect(read).toThrow("an event without an end");
});

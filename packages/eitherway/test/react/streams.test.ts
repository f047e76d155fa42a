import { createElement } from "react";
import { describe, expect, test } from "vitest";
import { createHooks } from "../../src/react/index.ts";
import { createProbe, mount, startClient, startServer } from "./support.ts";

describe("useStream", () => {
  test("shows the text of a stream from its start, and its end, in Strict Mode (P2)", async () => {
    const { ew, url } = await startServer();
    const { useStream } = createHooks(startClient(url));
    const answer = ew.stream("job/7", "answer");
    await answer.append("To be, ");
    const { Probe, shown } = createProbe(() => useStream("job/7", "answer"));
    mount(createElement(Probe), { strict: true });
    expect(await shown.until(({ state }) => state === "open")).toMatchObject({ text: "To be, ", error: undefined });
    await answer.append("or not to be");
    await shown.until(({ text }) => text === "To be, or not to be");
    await answer.end();
    expect((await shown.until(({ state }) => state === "ended")).text).toBe("To be, or not to be");
    expect(shown.views[0]).toMatchObject({ state: "waiting", text: "" });
  });

  test("says why a stream failed", async () => {
    const { ew, url } = await startServer();
    const { useStream } = createHooks(startClient(url));
    const { Probe, shown } = createProbe(() => useStream("job/7", "answer"));
    mount(createElement(Probe));
    const answer = ew.stream("job/7", "answer");
    await answer.append("so far");
    await answer.fail("out of ink");
    const { error, text } = await shown.until(({ state }) => state === "failed");
    expect([text, error?.code]).toEqual(["so far", "stream-failed"]);
  });

  test("1,000 pieces render a few times", async () => {
    const { ew, url } = await startServer();
    const { useStream } = createHooks(startClient(url));
    const { Probe, shown } = createProbe(() => useStream("job/7", "answer"));
    mount(createElement(Probe));
    const answer = ew.stream("job/7", "answer");
    await Promise.all(Array.from({ length: 1_000 }, () => answer.append(".")));
    await answer.end();
    await shown.until(({ state }) => state === "ended");
    expect(shown.last.text).toHaveLength(1_000);
    expect(shown.views.length).toBeLessThanOrEqual(30);
  });
});

/** What the doctor makes of requests that were silent for long, and of those that nobody let be silent. */
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { lookDeep, type Survival, silenceFinding } from "../../src/cli/doctor/deep.ts";

const lived = (seconds: number): Survival => ({ seconds, survived: true });
const cut = (seconds: number, cutMs?: number): Survival => ({
  ...{ seconds, survived: false },
  ...(cutMs !== undefined && { cutMs }),
});

describe("silent requests that are cut", () => {
  test("are none where all came back", () => {
    expect(silenceFinding([lived(15), lived(25), lived(35)])).toBeUndefined();
    expect(silenceFinding([])).toBeUndefined();
  });

  test("are a fault from the 25 s on that the client's long-polls wait, by when they were cut", () => {
    expect(silenceFinding([lived(15), cut(25, 20_040), cut(35, 20_010)])).toMatchObject({
      severity: "fault",
      title: "Requests that are silent for 20.0 s are cut.",
      evidence:
        "A long-poll of 25 s was ended after 20.0 s, not by the server. A long-poll of 35 s was ended after 20.0 s, not by the server. Silences of 15 s survived.",
      value: 20_010,
    });
  });

  test("are a note where only longer ones are", () => {
    expect(silenceFinding([lived(15), lived(25), cut(35, 30_020), cut(55, 30_010)])).toMatchObject({
      severity: "note",
      title: "Requests that are silent for 30.0 s are cut.",
      value: 30_010,
    });
  });

  test("count as silent for as long as they were to be, where nobody said that they were over", () => {
    expect(silenceFinding([lived(15), cut(25), cut(35, 30_000)])).toMatchObject({ severity: "fault", value: 25_000 });
  });
});

/** For channels; streams are refused. Resolves with what a look of 15 s finds. */
async function lookAt(channels: RequestListener) {
  const server = createServer((request, response) => {
    if (request.url?.includes("/channels/")) channels(request, response);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/eitherway`);
  return lookDeep({ url, seconds: 15, signal: new AbortController().signal, tell() {} });
}

describe("a long-poll", () => {
  const PATIENCE_MS = 1_200;

  test("that somebody else answers before its time is cut after that time", async () => {
    const { curve, findings } = await lookAt((_, response) => {
      setTimeout(() => response.writeHead(504).end("gateway timeout"), PATIENCE_MS);
    });
    expect(curve).toEqual([{ seconds: 15, survived: false, cutMs: expect.any(Number) }]);
    expect(curve[0]?.cutMs).toBeGreaterThanOrEqual(PATIENCE_MS - 1);
    expect(findings).toMatchObject([{ id: "idle-cut", severity: "fault", value: curve[0]?.cutMs }]);
  });

  test.each<[string, number, string, number]>([
    ["the server itself", 503, '{"error":{"code":"unavailable","message":"Later."}}', PATIENCE_MS],
    ["somebody else at once", 403, "no", 0],
  ])("that %s refuses tells nothing of silences", async (_, status, body, afterMs) => {
    const look = await lookAt((_request, response) => {
      setTimeout(() => response.writeHead(status).end(body), afterMs);
    });
    expect(look).toEqual({ curve: [], findings: [] });
  });
});

/** The client by the piece, over the real doors of a real server. */
import { expect, onTestFinished, test, vi } from "vitest";
import { WebSocket } from "ws";
import { binary } from "../../src/client/binary.ts";
import { type CoreClientOptions, choice, createClient, poll, sse, webSocket } from "../../src/client/core.ts";
import { startDoors } from "../transports/support.ts";

/** Publishes to itself and gives what came. */
async function roundTrip(options: Omit<CoreClientOptions, "url">) {
  const doors = await startDoors();
  const client = createClient({ url: doors.url, ...options });
  onTestFinished(() => client.close());
  const channel = client.channel("room", { from: "start" });
  const arrived = new Promise((resolve) => {
    channel.on("message", resolve);
  });
  await channel.publish({ text: "hi" });
  return { client, data: await arrived };
}

test.each([
  ["sse", [sse]],
  ["poll", [poll]],
  ["sse", [sse, poll]],
] as const)("a client of named transports speaks over %s, the first of them", async (transport, transports) => {
  const { client, data } = await roundTrip({ transports });
  expect(data).toEqual({ text: "hi" });
  expect(client.status.transport).toBe(transport);
});

test("the platform's own WebSocket carries both framings", async () => {
  vi.stubGlobal("WebSocket", WebSocket); // Node 20 has none
  onTestFinished(() => {
    vi.unstubAllGlobals();
  });
  for (const framing of [undefined, binary]) {
    const { client, data } = await roundTrip({ transports: [webSocket], framing });
    expect(data).toEqual({ text: "hi" });
    expect(client.status.transport).toBe("websocket");
  }
});

test("a transport that the platform lacks is refused (P12)", () => {
  vi.stubGlobal("WebSocket", undefined);
  onTestFinished(() => {
    vi.unstubAllGlobals();
  });
  expect(() => createClient({ url: "http://localhost/eitherway", transports: [webSocket] })).toThrow(
    expect.objectContaining({ code: "bad-request" }),
  );
});

test("a transport that the platform lacks is left out where there is another one", async () => {
  vi.stubGlobal("WebSocket", undefined);
  onTestFinished(() => {
    vi.unstubAllGlobals();
  });
  for (const parts of [{}, { choice }]) {
    const { client } = await roundTrip({ transports: [webSocket, sse], ...parts });
    expect(client.status.transport).toBe("sse");
  }
});

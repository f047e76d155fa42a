/** Each transport through a real nginx that buffers responses. */
import { describe, expect, test } from "vitest";
import { DIALECTS } from "../../src/testing/index.ts";
import { startNginx } from "./nginx.ts";
import { createScene } from "./support.ts";
import { until } from "./turns.ts";

for (const dialect of DIALECTS) {
  describe(`over ${dialect.name}`, () => {
    test("a buffering proxy holds nothing back: each message comes before the next is sent (P1, P2, P5)", async () => {
      const scene = await createScene({ dialect });
      const url = await startNginx({ target: scene.network.port });
      const reader = await scene.reader("reader", scene.client(url), "a");
      const writing = scene.client(url);
      const count = 30;
      for (let n = 1; n <= count; n++) {
        await scene.publish(writing, "a", 1);
        await reader.has(n);
      }
      await scene.expectClean({ expected: count });
    });

    test("cuts behind a buffering proxy lose and double nothing (P1, P2, P3, P5)", async () => {
      const scene = await createScene({ dialect, seed: 21 });
      const url = await startNginx({ target: scene.network.port });
      await scene.reader("reader", scene.client(url), "a");
      const writing = scene.client(url);
      for (let round = 0; round < 6; round++) {
        for (const connection of scene.network.connections) {
          connection.set({ kind: "cut", direction: "down", afterBytes: Math.floor(scene.random() * 1_500) });
        }
        await scene.publish(writing, "a", 20);
      }
      await scene.expectClean({ expected: 120 });
      expect(scene.network.counters.cut).toBeGreaterThan(0);
    });

    test("a server restart behind a buffering proxy is one gap, then everything new (P2, P3)", async () => {
      const scene = await createScene({ dialect });
      const url = await startNginx({ target: scene.network.port });
      const reader = await scene.reader("reader", scene.client(url), "a");
      const writing = scene.client(url);
      await scene.publish(writing, "a", 5);
      await reader.has(5);
      await scene.server.restart();
      await scene.publish(writing, "a", 5);
      await scene.expectClean({});
      expect(reader.gaps).toBe(1);
    });
  });
}

test("over sse, a buffering proxy that does not listen holds all back, and a switch to poll loses and doubles nothing (P2, P3)", async () => {
  const [sse] = DIALECTS.filter(({ name }) => name === "sse");
  if (!sse) throw new Error("there is no sse");
  const scene = await createScene({ dialect: sse });
  const url = await startNginx({ target: scene.network.port, ignoresAccelBuffering: true });
  const client = scene.client(url);
  const reading = scene.reader("reader", client, "a");
  await until(() => scene.server.stats().links > 0); // the server has the stream, which the client does not hear of
  client.use(["sse", "poll"]);
  scene.clock.leap(CONNECT_MS); // the stream has not said a word
  const reader = await reading;
  expect(client.status.transport).toBe("poll");
  await scene.publishInside("a", 20);
  await reader.has(20);
  await scene.expectClean({ expected: 20 });
});

const CONNECT_MS = 10_000;

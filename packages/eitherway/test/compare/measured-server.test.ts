import { createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { startMeasuredServer } from "../../src/cli/compare/measured-server.ts";

async function started() {
  const server = await startMeasuredServer();
  onTestFinished(() => server.kill());
  return server;
}

test("Ctrl-C, which reaches every process of a terminal, leaves the measured server to whoever measures", async () => {
  const server = await started();
  process.kill(server.pid, "SIGINT");
  await expect(server.usage({ collected: false })).resolves.toMatchObject({ sockets: 0 });
});

test("a server that is killed frees its ports, and what it is asked then fails at once", async () => {
  const server = await started();
  const asked = server.send({ channel: "a", kind: "json", trace: { messages: 1_000, everyMs: 50, fill: "" } });
  await Promise.all([expect(asked).rejects.toThrow("the measured server is gone"), server.kill()]);
  await expect(server.usage({ collected: false })).rejects.toThrow("the measured server is gone");
  const heir = createServer().listen(server.ports.http1, "127.0.0.1");
  onTestFinished(() => void heir.close());
  await new Promise((resolve, reject) => heir.once("listening", resolve).once("error", reject));
});

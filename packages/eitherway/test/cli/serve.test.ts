import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { SUBPROTOCOLS } from "../../src/protocol/index.ts";
import { rawConnect, requestText, testCertificate } from "../node/support.ts";
import { type CliOptions, runToEnd, startCli } from "./support.ts";

const URL_LINE = /is at (https?:\/\/\S+?:([0-9]+)\/\S+)/;

async function serve(argv: readonly string[] = [], options: CliOptions = {}) {
  const running = startCli(["serve", "--port", "0", ...argv], options);
  const [, url = "", port = ""] = await running.prints(URL_LINE);
  return { ...running, url, port: Number(port) };
}

test("serve prints its address and curl lines, and nothing on standard error", async () => {
  const { url, port, out, err } = await serve();
  expect(url).toBe(`http://127.0.0.1:${port}/eitherway`);
  expect(out()).toMatch(/only this machine/);
  expect(out().match(/curl .*/g)).toEqual([
    `curl -N '${url}/events?channel=room/42'`,
    `curl -H 'content-type: application/json' -d '{"text":"hi"}' ${url}/channels/room/42`,
    `curl ${url}/channels/room/42`,
  ]);
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
  expect(err()).toBe("");
});

test("serve with a secret answers to who shows a token of it, and to nobody else, on any address (P12)", async () => {
  const env = { EITHERWAY_JWT_SECRET: "a secret of a test, long enough for its algorithm" };
  const { out: token } = await runToEnd(
    ["token", "--user", "ana", "--channels", '{"room/*":["publish"]}', "--expires", "1h"],
    { env },
  );
  const { url, port, out, err } = await serve(["--host", "0.0.0.0"], { env });
  expect(out()).toMatch(/Who shows no token that it takes is refused/);
  expect(out()).toContain('curl -H "authorization: Bearer $TOKEN"');
  const publish = (headers: Record<string, string>, channel = "room/1") =>
    fetch(`http://127.0.0.1:${port}/eitherway/channels/${channel}`, {
      method: "POST",
      headers: { "content-type": "text/plain", ...headers },
      body: "hi",
    });
  expect((await publish({})).status).toBe(401);
  expect((await publish({ authorization: `Bearer ${token.trim()}x` })).status).toBe(401);
  expect((await publish({ authorization: `Bearer ${token.trim()}` })).status).toBe(201);
  expect((await publish({ authorization: `Bearer ${token.trim()}` }, "other")).status).toBe(403);
  expect(url).toContain("/eitherway");
  const codes = err().match(/"code":"[a-z-]+"/g);
  expect(codes).toEqual(['"code":"unauthorized"', '"code":"unauthorized"', '"code":"forbidden"']);
  expect(err()).not.toContain(token.trim());
});

test("serve is what runs without a command, on PORT, or rather EITHERWAY_PORT, or rather --port", async () => {
  const free = async (): Promise<string> => {
    const probe = createServer().listen(0, "127.0.0.1");
    await once(probe, "listening");
    const { port } = probe.address() as { port: number };
    probe.close();
    return String(port);
  };
  const [one, two, three] = [await free(), await free(), await free()];
  const portOf = async (argv: string[], env: Record<string, string>): Promise<string | undefined> => {
    const running = startCli(argv, { env });
    const [, , port] = await running.prints(URL_LINE);
    await running.stop();
    return port;
  };
  expect(await portOf([], { PORT: one })).toBe(one);
  expect(await portOf([], { PORT: one, EITHERWAY_PORT: two })).toBe(two);
  expect(await portOf(["-p", three], { PORT: one, EITHERWAY_PORT: two })).toBe(three);
});

test("serve says in one sentence that a port is taken, with exit code 1 (P12)", async () => {
  const { port } = await serve();
  const { code, out, err } = await runToEnd(["serve", "--port", String(port)], { terminal: true });
  expect({ code, out }).toEqual({ code: 1, out: "" });
  expect(err).toMatch(new RegExp(`^Port ${port} on 127\\.0\\.0\\.1 is taken; [^\\n]+\\.\\n$`));
});

test("serve takes limits, retention, origins, times and another base path", async () => {
  const flags = [
    "--limit",
    "messageBytes=1kb",
    "--limit=inFlight=7",
    "--retention-messages",
    "2",
    "--key-window",
    "1m",
  ];
  const { url } = await serve([...flags, "--ping", "3s", "--allow-origin", "https://app.example", "--base-path", "/x"]);
  expect(url).toMatch(/\/x$/);
  const post = (body: string): Promise<Response> =>
    fetch(`${url}/channels/a`, { method: "POST", headers: { "content-type": "text/plain" }, body });
  for (const text of ["1", "2", "3"]) expect((await post(text)).status).toBe(201);
  expect((await post("x".repeat(1_025))).status).toBe(413);
  const history = await fetch(`${url}/channels/a`, { headers: { origin: "https://app.example" } });
  expect(history.headers.get("access-control-allow-origin")).toBe("https://app.example");
  expect(await history.json()).toMatchObject({ messages: [{ text: "2" }, { text: "3" }] });
  const commands = await fetch(`${url}/poll`, {
    method: "POST",
    body: '{"t":"hello","v":1,"client":"c","channels":{},"wait":0}',
  });
  expect(await commands.text()).toMatch(/"ping":3000,"keyWindow":60000,.*"inFlight":7/);
});

/** A page of another origin asks. */
const asStranger = (url: string): Promise<Response> =>
  fetch(`${url}/channels/a`, { headers: { origin: "https://evil.example" } });

test("serve tells a person at a terminal of a page that it refuses, in words", async () => {
  const { url, says } = await serve([], { terminal: true });
  await asStranger(url);
  await says(
    /^Refused: The origin "https:\/\/evil\.example" is not allowed.*; code: origin-refused; remote: 127\.0\.0\.1\n$/,
  );
});

test("serve writes JSON lines where no person looks, of --log-level or its environment variable", async () => {
  const { url, says, stop, err } = await serve();
  await asStranger(url);
  await says(/\n/);
  await stop();
  const lines = err()
    .split("\n")
    .filter((line) => line.startsWith("{"));
  expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
    { level: "info", event: "refused", audit: true, code: "origin-refused", remote: "127.0.0.1" },
    { level: "info", event: "closed", audit: true, links: 0 },
  ]);
  const quiet = await serve([], { env: { EITHERWAY_LOG_LEVEL: "warn" }, terminal: true });
  await asStranger(quiet.url);
  await quiet.stop();
  expect(quiet.err()).toBe("Ending.\n");
});

test("serve refuses a log level that there is not (P12)", async () => {
  const { code, err } = await runToEnd(["serve", "--log-level", "loud"]);
  expect([code, err]).toEqual([2, '--log-level is "loud"; give one of info, warn, error, silent.\n']);
});

test("serve --insecure listens everywhere, answers to any name, and says what that means", async () => {
  const { port, out } = await serve(["--insecure", "--host", "0.0.0.0"]);
  expect(out()).toMatch(/whoever reaches this port reads and writes every channel/);
  const raw = await rawConnect(port, requestText("GET", "/eitherway/channels/a", { host: "any.example" }));
  await raw.has("HTTP/1.1 200");
});

test("serve speaks TLS with a certificate from files, or with one made now", async () => {
  const { cert, key } = await testCertificate();
  const folder = await mkdtemp(join(tmpdir(), "eitherway-serve-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const [certFile, keyFile] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  await writeFile(certFile, cert);
  await writeFile(keyFile, key);
  const fromFiles = await serve(["--tls-cert", certFile, "--tls-key", keyFile]);
  expect(fromFiles.url).toMatch(/^https:/);
  expect(fromFiles.out()).not.toMatch(/curl -k/);
  const selfSigned = await serve(["--tls-self-signed"]);
  expect(selfSigned.url).toMatch(/^https:/);
  expect(selfSigned.out()).toMatch(/curl -k -N/);
});

test("serve ends politely: links are told to come back, exit code 0 (P10)", async () => {
  const { url, stop, err } = await serve([], { terminal: true });
  const socket = new WebSocket(url.replace("http", "ws"), SUBPROTOCOLS.json);
  onTestFinished(() => socket.terminate());
  await once(socket, "open");
  socket.send('{"t":"hello","v":1,"client":"c1","channels":{}}');
  await once(socket, "message");
  const bye = once(socket, "message");
  const closed = once(socket, "close");
  expect(await stop()).toBe(0);
  expect(JSON.parse(String((await bye)[0]))).toMatchObject({ t: "bye", code: "drain" });
  expect(await closed).toEqual([4000, Buffer.from("drain")]);
  expect(err()).toBe("Ending: telling 1 link to come back later ...\n");
});

test("serve that is told to end before it has begun ends as well", async () => {
  const running = startCli(["serve", "--port", "0"]);
  expect(await running.stop()).toBe(0);
});

test("serve --data goes on over a restart, and says what is wrong with a directory or a policy (P4, P12)", async () => {
  const folder = await mkdtemp(join(tmpdir(), "eitherway-data-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const data = join(folder, "data");
  const first = await serve(["--data", data]);
  const published = await fetch(`${first.url}/channels/a`, { method: "POST", body: "hi" });
  expect(published.status).toBe(201);
  expect(await first.stop()).toBe(0);
  const second = await serve(["--data", data, "--fsync", "interval"]);
  const { id } = (await published.json()) as { id: string };
  const page = await (await fetch(`${second.url}/channels/a`)).text();
  expect(page).toContain(id);
  const refusals: [string[], RegExp][] = [
    [["--data", data], /is open in process [0-9]+/],
    [["--data", folder], /has files that are no store of Eitherway's/],
    [["--data", join(folder, "other"), "--fsync", "sometimes"], /give one of always, interval, never/],
    [["--fsync", "never"], /--fsync says how --data is kept/],
    [["--data", folder, "--workers", "2"], /has files that are no store of Eitherway's/],
  ];
  for (const [argv, sentence] of refusals) {
    const { code, err } = await runToEnd(["serve", "--port", "0", ...argv]);
    expect(code).toBe(2);
    expect(err).toMatch(sentence);
  }
});

/** Secrets that clients send, in good order and in every bad one, are found nowhere but where they belong. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { createClient, type TransportName } from "../../src/client/index.node.ts";
import { channel, contract, latest, volatile } from "../../src/contract/index.ts";
import { createLogger, EitherwayError, eitherway, type NodeEitherwayOptions } from "../../src/node/index.ts";
import { listen } from "../node/support.ts";
import { misuse, type Secrets } from "../support/misuse.ts";
import { plant, witness } from "../support/witness.ts";

const SECRETS: Secrets = { token: plant("tok5e3c2e7a9d41"), payload: plant("pay1f70a6bc3e28") };
const TRANSPORTS: readonly TransportName[] = ["websocket", "sse", "poll"];

/** As bad as a validator may be: it throws, and says of what. */
const broken = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate(value: unknown): never {
      throw new TypeError(`cannot take ${JSON.stringify(value)}`);
    },
  },
} as const;

const app = contract({
  room: channel("room/:id", {
    events: {
      message: z.object({ text: z.string().max(20) }),
      typing: volatile(z.object({ text: z.string() })),
      broken,
      keyed: latest(z.string(), {
        key: (text) => {
          throw new Error(`no key in ${text}`);
        },
      }),
    },
    calls: { broken: { in: z.string() }, odd: { in: z.string(), out: z.number() }, whisper: { in: z.string() } },
    presence: z.object({ name: z.string() }),
  }),
});

/** Who quotes part of a secret has quoted it: engines show about ten characters of JSON that is none. */
const TELLING = 6;

/** Looks for the secrets in what was written. */
function expectNowhere(places: Readonly<Record<string, string | readonly string[]>>): void {
  for (const [place, written] of Object.entries(places)) {
    const all = typeof written === "string" ? written : written.join("\n");
    for (const [what, secret] of Object.entries(SECRETS) as [string, string][]) {
      const at = all.indexOf(secret.slice(0, TELLING));
      expect(at < 0 ? "" : `${what} in ${place}: ${all.slice(Math.max(0, at - 200), at + 100)}`).toBe("");
    }
  }
}

async function openServer(options: NodeEitherwayOptions = {}) {
  const log: string[] = [];
  const ew = eitherway(app, { ...options, logger: createLogger({ write: (line) => void log.push(line) }) });
  onTestFinished(() => ew.close());
  ew.channel("room", {
    calls: {
      broken({ input }) {
        throw new Error(`cannot book ${input}`);
      },
      odd: ({ input }) => input as unknown as number,
      whisper() {},
    },
  });
  const urls: string[] = [];
  const server = createServer();
  ew.attach(server);
  const emit = server.emit.bind(server);
  // Its listeners are ours alone once we are attached; this is before them.
  server.emit = (event: string, ...args: unknown[]) => {
    if (event === "request" || event === "upgrade") urls.push((args[0] as IncomingMessage).url ?? "");
    return emit(event, ...args);
  };
  return { ew, log, urls, url: `http://127.0.0.1:${await listen(server)}/eitherway` };
}

/** Everything that a plain reader of another channel gets. */
async function overhear(url: string): Promise<{ text: () => string; hears: (what: string) => Promise<void> }> {
  const abort = new AbortController();
  onTestFinished(() => abort.abort());
  const { body } = await fetch(`${url}/events?channel=room/other`, { signal: abort.signal });
  let text = "";
  let look = (): void => {};
  void (async () => {
    const decoder = new TextDecoder();
    for await (const bytes of body ?? []) {
      text += decoder.decode(bytes, { stream: true });
      look();
    }
  })().catch(() => {});
  return {
    text: () => text,
    hears: (what) =>
      new Promise((resolve) => {
        look = () => {
          if (text.includes(what)) resolve();
        };
        look();
      }),
  };
}

/** As a client of ours does it, right and wrong. What it was told of errors. */
async function speak(url: string, transport: TransportName): Promise<readonly string[]> {
  const { token, payload } = SECRETS;
  const client = createClient(app, { url, transport, token });
  onTestFinished(() => client.close());
  const room = client.channel("room", { id: "private" }, { from: "start" });
  room.on("message", () => {});
  await room.publish("message", { text: payload });
  room.publish("typing", { text: payload });
  room.presence.set({ name: payload });
  await room.call.whisper(payload);
  const wrong = await Promise.allSettled([
    room.publish("message", { text: payload + payload }),
    room.publish("broken", payload),
    room.publish("keyed", payload),
    room.call.broken(payload),
    room.call.odd(payload),
  ]);
  await client.close();
  return wrong.map((one) => (one.status === "rejected" ? `${String(one.reason)} ${JSON.stringify(one.reason)}` : "ok"));
}

describe("what clients send in confidence", () => {
  test("stands in no log line, URL, error or metric, nor in what others get (P7, P12)", async () => {
    const { ew, log, urls, url } = await openServer();
    const other = await overhear(url);
    const told = (await Promise.all(TRANSPORTS.map((transport) => speak(url, transport)))).flat();
    const answers = await misuse(url, SECRETS);
    await ew.publish("room", { id: "other" }, "message", { text: "the end" });
    await other.hears("the end");
    expectNowhere({ log, urls, answers, told, metrics: JSON.stringify(ew.stats()), "what others get": other.text() });

    // Or nothing would have been found, since nothing was written.
    for (const event of ["schema failed", "call failed"]) expect(log.join("\n")).toContain(event);
    expect(told).not.toContain("ok");
    expect(urls.length).toBeGreaterThan(100);
    const codes = new Set([...answers.join("\n").matchAll(/"code":"([a-z0-9-]+)"/g)].map(([, code]) => code));
    expect([...codes].sort()).toEqual(EXPECTED_CODES);
  });

  test.each<[string, string, NodeEitherwayOptions["auth"]]>([
    ["refuses", "refused", () => null],
    [
      "refuses and quotes it",
      "refused",
      ({ token }) => {
        throw new EitherwayError("unauthorized", `There is no session ${token}.`);
      },
    ],
    [
      "cannot tell and quotes it",
      "auth unavailable",
      ({ token }) => {
        throw new EitherwayError("unavailable", "Later.", { cause: new Error(`no row for ${token}`) });
      },
    ],
    [
      "fails on it",
      "auth failed",
      ({ token }) => {
        throw new TypeError(`cannot read ${token?.slice(0, TELLING)}`);
      },
    ],
  ])("is in no log where the application %s (P7)", async (_what, event, auth) => {
    const { log, url } = await openServer({ auth });
    const authorization = `Bearer ${SECRETS.token}`;
    const requests = ["/channels/room/1", "/events?channel=room/1", "/channels/room/1/@presence"].map((path) =>
      fetch(url + path, { headers: { authorization } }),
    );
    const ticket = fetch(`${url}/tickets`, { method: "POST", headers: { authorization } });
    const hello = JSON.stringify({ t: "hello", v: 1, client: "c", token: SECRETS.token, channels: {} });
    const poll = fetch(`${url}/poll`, { method: "POST", body: hello });
    for (const response of await Promise.all([...requests, ticket, poll])) {
      expect([401, 503]).toContain(response.status);
      await response.body?.cancel();
    }
    expectNowhere({ log });
    expect(log.filter((line) => line.includes(`"event":"${event}"`))).toHaveLength(5);
  });

  test("is not written by `eitherway serve`", async () => {
    const bin = fileURLToPath(new URL("../../bin/eitherway.js", import.meta.url));
    const child = spawn(process.execPath, [bin, "serve", "--port", "0"], { stdio: "pipe" });
    onTestFinished(() => void child.kill("SIGKILL"));
    let written = "";
    const started = new Promise<string>((resolve) => {
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding("utf8").on("data", (text: string) => {
          written += text;
          witness("output", text);
          const [address] = /http:\/\/127\.0\.0\.1:[0-9]+/.exec(written) ?? [];
          if (address !== undefined && written.includes("Ctrl-C")) resolve(address);
        });
      }
    });
    const answers = await misuse(`${await started}/eitherway`, SECRETS);
    child.kill("SIGTERM");
    await once(child, "close");
    expectNowhere({ "standard output and error": written, answers });
  });
});

const EXPECTED_CODES = [
  ...["bad-channel", "bad-cursor", "bad-frame", "bad-json", "bad-utf8", "bad-version", "call-failed", "invalid"],
  ...["key-reused", "method-not-allowed", "not-found", "too-large", "unknown-call", "unknown-channel", "unknown-event"],
  ...["unknown-frame", "unsupported-type"],
];

/** A user is revoked while 300 links are open, half of them hers, over every way in. */
import { expect, onTestFinished, test } from "vitest";
import { createClient, type TransportName } from "../../src/client/index.node.ts";
import { eitherway } from "../../src/node/index.ts";
import { witnessed, witnessMetrics } from "../support/witness.ts";

const LINKS = 300;
const WAYS: readonly (TransportName | "events")[] = ["websocket", "sse", "poll", "events"];
const USERS = ["ana", "bo"] as const;
const HERS = LINKS / USERS.length;

interface Way {
  readonly user: string;
  readonly way: string;
  /** How it ended for good; `undefined` while it lives. */
  ended(): string | undefined;
  readonly heard: number[];
}

test("every link of hers ends for good and cannot come back, and nobody else notices (P2, P7, P9)", async () => {
  const ew = eitherway({
    auth: ({ token }) => (token ? { user: token } : null),
    logger: witnessed(),
  });
  onTestFinished(() => ew.close());
  witnessMetrics(ew);
  const { url } = await ew.listen({ port: 0 });
  await ew.publish("news", 1);
  const links = Array.from({ length: LINKS }, (_, i) =>
    open(url, USERS[i % 2] ?? "", WAYS[Math.floor(i / 2) % WAYS.length] ?? "sse"),
  );
  while (links.some(({ heard }) => heard.length === 0)) await pause();
  const began = performance.now();
  await ew.revoke({ user: "ana" });
  // Before anybody has heard of it, and not in some time after that.
  const polls = ew.stats().counters["links.closed.revoked"] ?? 0;
  expect(polls).toBeGreaterThanOrEqual((HERS / WAYS.length) * (WAYS.length - 1)); // a poll may be between two requests
  while (links.some((link) => link.user === "ana" && link.ended() === undefined)) await pause();
  expect(performance.now() - began).toBeLessThan(1_000 + SLOW_MACHINE_MS);
  for (const link of links)
    expect([link.user, link.way, link.ended()]).toEqual([
      link.user,
      link.way,
      link.user === "ana" ? "revoked" : undefined,
    ]);

  const again = WAYS.map((way) => open(url, "ana", way));
  while (again.some(({ ended }) => ended() === undefined)) await pause();
  expect(again.map(({ ended }) => ended())).toEqual(WAYS.map(() => "revoked"));

  await ew.publish("news", 2);
  const others = links.filter(({ user }) => user === "bo");
  while (others.some(({ heard }) => heard.length < 2)) await pause();
  for (const { way, heard } of others) expect([way, heard]).toEqual([way, [1, 2]]);
}, 60_000);

/** Other tests may have the processors; the promise is what the server did before `revoke` resolved. */
const SLOW_MACHINE_MS = 10_000;

function open(url: string, user: string, way: TransportName | "events"): Way {
  return way === "events" ? openEvents(url, user) : openClient(url, user, way);
}

function openClient(url: string, user: string, transport: TransportName): Way {
  const heard: number[] = [];
  const client = createClient({ url, transport, token: user });
  onTestFinished(() => client.close());
  client.on("error", () => {});
  client.channel("news", { from: "start" }).on("message", (data) => void heard.push(Number(data)));
  return {
    user,
    way: transport,
    heard,
    ended: () => (client.status.state === "stopped" ? (client.status.lastError?.code ?? "?") : undefined),
  };
}

/** As an `EventSource` is for the server: comes back by itself, until it is refused. */
function openEvents(url: string, user: string): Way {
  const heard: number[] = [];
  const abort = new AbortController();
  onTestFinished(() => abort.abort());
  let ended: string | undefined;
  void (async () => {
    for (;;) {
      const answer = await fetch(`${url}/events?channel=news&after=start`, {
        headers: { authorization: `Bearer ${user}` },
        signal: abort.signal,
      });
      if (!answer.ok) {
        ended = ((await answer.json()) as { error: { code: string } }).error.code;
        return;
      }
      let text = "";
      const decoder = new TextDecoder();
      for await (const bytes of answer.body ?? []) {
        text += decoder.decode(bytes, { stream: true });
        const lines = text.split("\n");
        text = lines.pop() ?? "";
        for (const line of lines) if (/^data: \d+$/.test(line)) heard.push(Number(line.slice(6)));
      }
    }
  })().catch((error: unknown) => {
    if (!abort.signal.aborted) ended = String(error);
  });
  return { user, way: "events", heard, ended: () => ended };
}

function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 20);
  });
}

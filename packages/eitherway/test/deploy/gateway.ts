/** The ways of one node to Redis and its Sentinels, which a test closes: the node is cut off while all others go on. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import type { RunningSentinel } from "../support/redis/redis-sentinel.ts";

export interface Gateway {
  /** Of the Sentinels, for the node alone. */
  readonly url: string;
  /** Where each address that the Sentinels tell leads to. */
  readonly natMap: Readonly<Record<string, { readonly host: string; readonly port: number }>>;
  /** What the node sends arrives; what it would be answered, or told, waits for `heal`, or is lost with a cut. */
  mute(): Promise<void>;
  /** Nothing passes any more, and neither end is told. */
  hold(): Promise<void>;
  /** Everything open is reset, and nothing new is let in. */
  cut(): Promise<void>;
  /** Lets new connections pass; what was held stays dead. */
  heal(): Promise<void>;
}

const HOST = "127.0.0.1";

/** Opens it until the test is over. */
export async function openGateway({ name, ports: sentinels, servers }: RunningSentinel): Promise<Gateway> {
  const targets = [...sentinels, ...servers.map(({ port }) => port)];
  const program = fileURLToPath(new URL("./programs/gateway.js", import.meta.url));
  const child = fork(program, [JSON.stringify(targets)], { execArgv: [] });
  onTestFinished(async () => {
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  });
  const [ways] = (await once(child, "message")) as [readonly number[]];

  async function ask(deed: "mute" | "hold" | "cut" | "heal"): Promise<void> {
    const done = once(child, "message");
    child.send(deed);
    await done;
  }

  const hosts = ways.slice(0, sentinels.length).map((port) => `${HOST}:${port}`);
  return {
    url: `redis+sentinel://${hosts.join(",")}/${name}`,
    natMap: Object.fromEntries(
      targets.map((target, n) => [`${HOST}:${target}`, { host: HOST, port: ways[n] ?? target }]),
    ),
    mute: () => ask("mute"),
    hold: () => ask("hold"),
    cut: () => ask("cut"),
    heal: () => ask("heal"),
  };
}

/** Comparisons inside the test: the plan is the test's, the server, its process and its sockets are real. */
import { onTestFinished } from "vitest";
import { type CompareOptions, compare } from "../../src/cli/compare/compare.ts";
import type { FIGURES } from "../../src/cli/compare/figure-kinds.ts";
import { PATHS, type Path, type PathId } from "../../src/cli/compare/paths.ts";
import { PLANS } from "../../src/cli/compare/plan.ts";
import { createLocalTarget, type LocalTargetOptions, type Target } from "../../src/cli/compare/target.ts";
import type { Channel, Client, MessageMeta } from "../../src/client/index.node.ts";
import type { Comparison, FigureValue } from "../../src/instrument/index.ts";
import { createFaultNetwork, type FaultNetwork } from "../../src/testing/index.ts";

export function pathOf(id: PathId): Path {
  const path = PATHS.find((one) => one.id === id);
  if (!path) throw new Error(`there is no path ${id}`);
  return path;
}

/** Until the test is over. */
export async function startTarget(options?: LocalTargetOptions): Promise<Target> {
  const target = await createLocalTarget(options);
  onTestFinished(() => target.close());
  return target;
}

/** A network of the test before a server of the test, and the paths that lead through it. */
export interface Between {
  readonly network: FaultNetwork;
  readonly paths: readonly Path[];
}

/** The target still knows its server from the inside. */
export async function putBetween(target: Target, ids: readonly PathId[]): Promise<Between> {
  if (!target.server) throw new Error("the server is ours");
  const network = await createFaultNetwork({ target: target.server.ports.http1 });
  onTestFinished(() => network.close());
  const url = `${network.url}/eitherway`;
  const paths = ids.map(pathOf).map((path) => ({
    ...path,
    createClient: (_: string, options?: Parameters<Path["createClient"]>[1]) => path.createClient(url, options),
  }));
  return { network, paths };
}

export interface TestComparison extends Partial<Pick<CompareOptions, "content">> {
  readonly paths: readonly Path[];
  readonly target: Target;
  /** As many as that, however long they take: what a test finds must not depend on how busy the machine is. */
  readonly rounds: number;
}

/** Rounds alone. They end as Ctrl-C ends them. */
export function runComparison({ rounds, content = CHATTER, ...sides }: TestComparison) {
  const stop = new AbortController();
  return compare({
    plan: { ...PLANS.quick, roundsSeconds: MOST_SECONDS },
    content,
    command: "eitherway compare",
    signal: stop.signal,
    tell(what) {
      if (what.startsWith(`round ${rounds},`)) stop.abort();
    },
    ...sides,
  });
}

const CHATTER: CompareOptions["content"] = { kind: "json", bytes: 120, perSecond: 500 };
const MOST_SECONDS = 120;

export type FigureId = (typeof FIGURES)[keyof typeof FIGURES]["id"];

export function figureOf(comparison: Comparison, id: FigureId, side: string): FigureValue {
  const value = comparison.figures.find((figure) => figure.id === id)?.values[side];
  if (!value) throw new Error(`${id} was not measured for ${side}`);
  return value;
}

/** Verdicts that found something, as `delivery.p50 more`. */
export function differences({ figures }: Comparison): readonly string[] {
  return figures.flatMap(({ id, values }) =>
    Object.values(values).flatMap(({ verdict }) =>
      verdict?.outcome === "more" || verdict?.outcome === "less" ? [`${id} ${verdict.outcome}`] : [],
    ),
  );
}

type Listener = (data: unknown, meta: MessageMeta) => unknown;

/** The path, but for what its clients do with messages. */
export function withMessages(path: Path, change: (listener: Listener) => Listener): Path {
  const changed = (channel: Channel): Channel =>
    overlay(channel, {
      on: (event: "message", listener: Listener) =>
        channel.on(event, (event === "message" ? change(listener) : listener) as () => void),
    });
  return {
    ...path,
    createClient: (...args): Client => {
      const client = path.createClient(...args);
      return overlay(client, { channel: (...how: Parameters<Client["channel"]>) => changed(client.channel(...how)) });
    },
  };
}

function overlay<T extends object>(target: T, own: object): T {
  return new Proxy(target, {
    get(_, name) {
      if (name in own) return Reflect.get(own, name);
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

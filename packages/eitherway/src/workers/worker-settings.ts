/** What a worker has to know of its primary's broker, told in its environment, so that it is there before anything starts. */
import type { BrokerParts, Limits } from "../core/index.ts";
import { EitherwayError } from "../protocol/index.ts";
import type { Abilities } from "./worker-broker.ts";

/** Everything that both processes must agree on. */
export interface WorkerSettings extends Abilities {
  readonly version: number;
  /** Of what the primary keeps, by name. */
  readonly kept: Readonly<Record<string, number>>;
}

/** Of what the pipe carries. A worker may be newer than its primary where the package was updated under both. */
const VERSION = 2;

const VARIABLE = "EITHERWAY_WORKER";

/** Limits of what is kept. All others are each process's own. */
const KEPT_LIMITS: readonly (keyof Limits)[] = [
  "channels",
  "logBytes",
  "keys",
  "inFlight",
  "latestKeys",
  "streamBytes",
  "presenceMembers",
  "presenceDiffs",
];

type Parts = Pick<BrokerParts, "limits" | "retention" | "channelRetention" | "keyWindowMs">;

export function environmentOf(parts: Parts, abilities: Abilities): Record<string, string> {
  const settings: WorkerSettings = { version: VERSION, kept: keptOf(parts), ...abilities };
  return { [VARIABLE]: JSON.stringify(settings) };
}

/** Whether this process was started by `startWorkers`. */
export function isOurWorker(env: Readonly<Record<string, string | undefined>>): boolean {
  return env[VARIABLE] !== undefined;
}

/**
 * Abilities of the primary's broker.
 *
 * @throws EitherwayError `bad-request` in a process that `startWorkers` has not started, or with other options than the primary's
 */
export function readAbilities(env: Readonly<Record<string, string | undefined>>, parts: Parts): Abilities {
  const text = env[VARIABLE];
  if (text === undefined) throw refused("This process was not started by startWorkers() of eitherway/workers");
  const { version, kept, ...abilities } = JSON.parse(text) as WorkerSettings;
  if (version !== VERSION) {
    throw refused("This worker is of another version of Eitherway than its primary; start the primary again");
  }
  const here = keptOf(parts);
  for (const name of Object.keys({ ...here, ...kept })) {
    if (kept[name] === here[name]) continue;
    throw refused(
      `${name} is ${said(here[name])} here and ${said(kept[name])} in the primary; give startWorkers() and eitherway() the same`,
    );
  }
  return abilities;
}

function said(value: number | undefined): string {
  return value === undefined ? "not set" : String(value);
}

function keptOf({ limits, retention, channelRetention, keyWindowMs }: Parts): Record<string, number> {
  const kept: Record<string, number> = { keyWindowMs, ...channelRetention?.bounds };
  for (const [name, value] of Object.entries(retention)) kept[`retention.${name}`] = value;
  for (const name of KEPT_LIMITS) kept[`limits.${name}`] = limits[name];
  return kept;
}

function refused(what: string): EitherwayError {
  return new EitherwayError("bad-request", `${what}.`);
}

/** Where `eitherway serve` keeps its logs. Each broker is loaded where it is asked for only, as it needs a package that not everybody has. */
import type { Fsync } from "../file/index.ts";
import type { NodeEitherwayOptions } from "../node/index.ts";
import type { Flags, GivenFlags } from "./flags.ts";
import { asUsage, UsageError } from "./surroundings.ts";

export const BROKER_FLAGS: Flags = {
  data: { value: "DIR", help: "keep everything in this directory, over restarts; default: in memory", mirrored: true },
  fsync: {
    value: "WHEN",
    help: "when it is on the disk: always (default, before the answer), interval, never",
    mirrored: true,
  },
  redis: {
    value: "URL",
    help: "keep all in Redis, shared by its servers; redis+sentinel://, redis+cluster://",
    mirrored: true,
  },
};

/** `undefined`: memory. */
export async function readBroker(flags: GivenFlags): Promise<NodeEitherwayOptions["broker"]> {
  const [directory, fsync, url] = [flags.text("data"), flags.text("fsync"), flags.text("redis")];
  if (fsync !== undefined && directory === undefined) {
    throw new UsageError("--fsync says how --data is kept; give both, or leave it out.");
  }
  if (directory !== undefined && url !== undefined) {
    throw new UsageError("Logs are in --data or in --redis, not in both; leave one of them out.");
  }
  if (url !== undefined) {
    const { redis } = await loaded("--redis", "ioredis", () => import("../redis/index.ts"));
    return asUsage(() => redis(url));
  }
  if (directory !== undefined) {
    const { file } = await loaded("--data", "lmdb", () => import("../file/index.ts"));
    return asUsage(() => file(directory, { fsync: fsync as Fsync | undefined })); // which checks it
  }
  return undefined;
}

async function loaded<Module>(flag: string, needed: string, load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw new UsageError(`${flag} needs the package ${needed}; install it beside eitherway: npm install ${needed}`, {
      cause,
    });
  }
}

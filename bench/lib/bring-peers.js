/** Brings what the peers need into the clone; into the system only what it is asked for. Quick when all is there. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { bringRuntime } from "../../scripts/lib/npm-program.js";
import { Stop } from "../../scripts/lib/phases.js";
import { run, runNpm } from "../../scripts/lib/process.js";
import { CACHE } from "../../scripts/lib/root.js";
import { BENCH } from "./npm-peer.js";

/** Where Debian puts the module. */
export const NCHAN_MODULE = "/usr/lib/nginx/modules/ngx_nchan_module.so";
export const NCHAN_INSTALL = "apt-get install -y --no-install-recommends nginx libnginx-mod-nchan";

/**
 * Throws a Stop where npm cannot bring its packages. Bun and Nchan may stay away: their adapters say so.
 * @param {{ installNchan?: boolean }} [options]
 */
export async function bringPeers({ installNchan = false } = {}) {
  await bringPackages();
  await bringRuntime("bun").catch(() => undefined);
  if (installNchan && !existsSync(NCHAN_MODULE)) await bringNchan();
}

/** Bun's program in .cache, where npm has brought it. */
export function findBun() {
  const platforms = join(CACHE, "bun", "node_modules", "@oven");
  if (!existsSync(platforms)) return undefined;
  return readdirSync(platforms)
    .map((platform) => join(platforms, platform, "bin", "bun"))
    .find((program) => existsSync(program));
}

async function bringPackages() {
  const record = join(BENCH, "node_modules", ".package-lock.json"); // npm writes it last
  const lock = join(BENCH, "package-lock.json");
  if (existsSync(record) && statSync(record).mtimeMs >= statSync(lock).mtimeMs) return;
  // Addons come with binaries inside; nothing is compiled or downloaded.
  const { code, output } = await runNpm(["ci", "--no-audit", "--no-fund", "--ignore-scripts"], { cwd: BENCH });
  if (code !== 0) throw new Stop(`${output}\nnpm ci in bench/ failed (code ${code}); its own words are above.`);
}

async function bringNchan() {
  const [program = "", ...args] = NCHAN_INSTALL.split(" ");
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  let { code, output } = await run(program, args, { env });
  if (code !== 0) {
    await run("apt-get", ["update"], { env }); // a fresh machine has no lists, an old one has stale ones
    ({ code, output } = await run(program, args, { env }));
  }
  if (code !== 0) throw new Stop(`${output}\nFailed (code ${code}): ${NCHAN_INSTALL}`);
}

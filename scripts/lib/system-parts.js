/** Programs that tests need and npm does not bring. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { Stop } from "./phases.js";
import { run } from "./process.js";

/** Programs, and the Debian packages that have them. */
const PARTS = {
  chromium: ["chromium"],
  "firefox-esr": ["firefox-esr"],
  nginx: ["nginx"],
  haproxy: ["haproxy"],
  "redis-server": ["redis-server"],
  "redis-sentinel": ["redis-sentinel"],
  curl: ["curl"],
  openssl: ["openssl"],
  strace: ["strace"], // shows that an acknowledgement comes after the sync
  python3: ["python3"],
  cc: ["gcc", "libc6-dev"], // the load generator of the benchmark is in C, and the movable clock of Redis
};
const APT = ["-y", "--no-install-recommends"];

/** Installs what is missing where this user may; says the one line that does it where not. */
export async function bringSystemParts() {
  const missing = Object.entries(PARTS).flatMap(([program, packages]) => (isInstalled(program) ? [] : packages));
  if (missing.length === 0) return;
  const line = `apt-get install ${APT.join(" ")} ${missing.join(" ")}`;
  if (process.getuid?.() !== 0 || !isInstalled("apt-get")) {
    throw new Stop(`The tests need ${missing.join(", ")}; install and start again: sudo ${line}`);
  }
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const install = () => run("apt-get", ["install", ...APT, ...missing], { env });
  let { code, output } = await install();
  if (code !== 0) {
    await run("apt-get", ["update"], { env }); // a fresh machine has no lists, an old one has stale ones
    ({ code, output } = await install());
  }
  if (code !== 0) throw new Stop(`${output}\nFailed (code ${code}): ${line}`);
}

/** @param {string} program */
function isInstalled(program) {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

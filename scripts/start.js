/**
 * `npm start`: installs and builds what is missing, inside the clone only, then serves the showcase in this very process.
 * So there is no child to be left behind: Ctrl-C ends the one process there is.
 */
import { createServer } from "node:net";
import { pathToFileURL } from "node:url";
import { build, SHOWCASE_SERVER } from "./lib/build.js";
import { install, isInstalled } from "./lib/install.js";
import { Stop, script } from "./lib/phases.js";

const DEFAULT_PORT = 8000;
const HOST = "127.0.0.1";
const FLOOR = [20, 19]; // the first Node 20 that can require() an ES module
const LOOK_EVERY_MS = 500;

await script(async () => {
  checkNode();
  endWithNpm();
  await checkPort(); // before the installation, which takes longer than reading one sentence
  if (!isInstalled()) {
    console.log("Installing packages (only now and when they change) ...");
    await install();
  }
  await build();
  await import(pathToFileURL(SHOWCASE_SERVER).href);
});

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const [floorMajor = 0, floorMinor = 0] = FLOOR;
  if (major < floorMajor || (major === floorMajor && minor < floorMinor)) {
    throw new Stop(`Eitherway needs Node ${FLOOR.join(".")} or newer; this is ${process.versions.node}.`);
  }
}

/** npm hands a SIGTERM of its own to the shell between us, which goes without passing it on; then we are somebody else's child. */
function endWithNpm() {
  if (process.env.npm_lifecycle_event !== "start") return;
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, "SIGTERM");
  }, LOOK_EVERY_MS).unref();
}

async function checkPort() {
  const text = process.env.EITHERWAY_PORT || process.env.PORT || String(DEFAULT_PORT);
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Stop(`PORT is ${JSON.stringify(text)}; give a whole number from 0 (any free port) to 65535.`);
  }
  const probe = createServer();
  /** @type {NodeJS.ErrnoException | undefined} */
  const error = await new Promise((resolve) => {
    probe.once("error", resolve);
    probe.listen(port, HOST, () => probe.close(() => resolve(undefined)));
  });
  if (error?.code === "EADDRINUSE") {
    throw new Stop(`Port ${port} is taken; end what runs there, or choose another one: PORT=${port + 1} npm start`);
  }
  if (error) throw new Stop(`Port ${port} cannot be used (${error.message}); choose another one: PORT=8080 npm start`);
}

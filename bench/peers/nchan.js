/** Nchan: publish and subscribe inside nginx, in C. */
import { existsSync } from "node:fs";
import { run } from "../../scripts/lib/process.js";
import { NCHAN_INSTALL, NCHAN_MODULE } from "../lib/bring-peers.js";
import { eventStream, upgrade } from "../lib/handshakes.js";
import { nodeServer } from "../lib/npm-peer.js";

const PACKAGE = "libnginx-mod-nchan";

/** @type {import("../lib/types.js").Peer} */
export const peer = {
  name: "nchan",
  title: "Nchan",
  note: "nginx with Debian's module, one worker, memory store; messages come in by HTTP POST, one a request",
  async version() {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query replaces it
    const { stdout } = await run("dpkg-query", ["--show", "--showformat", "${Version}", PACKAGE]);
    return stdout.trim();
  },
  missing: async () =>
    existsSync(NCHAN_MODULE) ? undefined : `nginx has no Nchan here; --install-nchan, or as root: ${NCHAN_INSTALL}`,
  command: nodeServer("nchan"),
  publisher: "http",
  publishPath: "/pub?id={channel}",
  dialects: {
    websocket: { websocket: true, steps: [upgrade(pathOf)] },
    sse: { websocket: false, steps: [eventStream(pathOf, ": hi")] },
  },
};

/** @param {readonly string[]} channels */
function pathOf(channels) {
  return `/sub?channels=${channels.join(",")}`;
}

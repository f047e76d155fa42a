/**
 * nginx with Nchan: one worker, its memory store. This program only starts and ends it and tells its memory; messages come to it by
 * HTTP, which is the only way in.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { NCHAN_MODULE } from "../../lib/bring-peers.js";
import { fail, listenOnLoopback, options, serve } from "./control.js";

const PAGE_BYTES = 4_096;
const MS_PER_S = 1_000;
const KEPT = 1_000; // messages, as many as Eitherway keeps; by default it drops unread ones beyond 10

const port = await freePort();
const folder = mkdtempSync(join(tmpdir(), "bench-nchan-"));
const file = join(folder, "nginx.conf");
writeFileSync(file, configuration());
const env = { ...process.env, PATH: `${process.env.PATH ?? ""}${delimiter}/usr/sbin` }; // Debian puts it there
const nginx = spawn("nginx", ["-p", folder, "-c", file, "-e", join(folder, "error.log")], {
  env,
  stdio: ["ignore", "ignore", "inherit"],
});
nginx.once("error", fail);
nginx.once("exit", (code) =>
  fail(new Error(`nginx ended with code ${code}: ${readFileSync(join(folder, "error.log"))}`)),
);
process.once("exit", () => {
  nginx.kill("SIGTERM");
  rmSync(folder, { recursive: true, force: true });
});
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
await answers();

await serve({
  port,
  publish: () => fail(new Error("Messages come to Nchan by HTTP.")),
  measured: { pid: nginx.pid ?? 0, rss },
});

function configuration() {
  const ping =
    options.heartbeatMs === undefined ? "" : `nchan_websocket_ping_interval ${options.heartbeatMs / MS_PER_S};`;
  return `
load_module ${NCHAN_MODULE};
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 32768; } # with less than a sixteenth of them free nginx ends idle ones, which is where messages are posted
http {
  access_log off;
  tcp_nodelay on;
  keepalive_requests 1000000;
  nchan_max_reserved_memory 256m;
  nchan_message_buffer_length ${KEPT};
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location = /health { return 204; }
    location = /pub {
      nchan_publisher;
      nchan_channel_id $arg_id;
    }
    location = /sub {
      nchan_subscriber;
      nchan_channel_id $arg_channels;
      nchan_channel_id_split_delimiter ",";
      nchan_subscriber_first_message newest;
      ${ping}
    }
  }
}
`;
}

async function freePort() {
  const server = createServer();
  const free = await listenOnLoopback(server);
  await new Promise((resolve) => server.close(resolve));
  return free;
}

async function answers() {
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined);
    if (answer?.status === 204) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Bytes of its process in memory. */
function rss() {
  const [, pages = "0"] = readFileSync(`/proc/${nginx.pid}/statm`, "utf8").split(" ");
  return Number(pages) * PAGE_BYTES;
}

/** A real nginx in front of a server, as people run it: response buffering is on, which is its default. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { onTestFinished } from "vitest";
import { freePort } from "../node/support.ts";

export interface NginxOptions {
  /** The port of the server behind it, on 127.0.0.1. */
  readonly target: number;
  /** Buffers also what asks not to be buffered. */
  readonly ignoresAccelBuffering?: boolean;
  /** As nginx comes: HTTP/1.0 to the server, which refuses upgrades and buffers in earnest (chunks of HTTP/1.1 it hands on). */
  readonly old?: boolean;
  /** In place of the usual lines of the one `location`. */
  readonly location?: string;
  /** Lines of the `server`. */
  readonly server?: string;
}

export interface RunningProxy {
  readonly url: string;
  stop(): Promise<void>;
}

const PROGRAM = "nginx";

/** Starts it on a free port until the test is over, and resolves with `http://127.0.0.1:<port>`. */
export async function startNginx(options: NginxOptions): Promise<string> {
  const { url, stop } = await launchNginx(options);
  onTestFinished(stop);
  return url;
}

/** Starts it on a free port until it is stopped. */
export async function launchNginx(options: NginxOptions): Promise<RunningProxy> {
  const folder = mkdtempSync(join(tmpdir(), "eitherway-nginx-"));
  const port = await freePort();
  const file = join(folder, "nginx.conf");
  writeFileSync(file, configuration(folder, port, options));
  const env = { ...process.env, PATH: `${process.env.PATH ?? ""}${delimiter}/usr/sbin` }; // Debian puts it there
  const nginx = spawn(PROGRAM, ["-p", folder, "-c", file, "-e", join(folder, "error.log")], { env });
  const exited = once(nginx, "exit");
  let complaints = "";
  nginx.stderr.on("data", (text: Buffer) => {
    complaints += text.toString();
  });
  const stop = async (): Promise<void> => {
    nginx.kill("SIGTERM"); // at once, whatever is open
    await exited;
    rmSync(folder, { recursive: true, force: true });
  };
  const failed = exited.then(() => {
    throw new Error(`nginx ended: ${complaints}`);
  });
  failed.catch(() => {}); // it ends in the end
  await Promise.race([answers(port), failed]);
  return { url: `http://127.0.0.1:${port}`, stop };
}

function configuration(
  folder: string,
  port: number,
  { target, ignoresAccelBuffering = false, old = false, location, server = "" }: NginxOptions,
): string {
  const upgrade = `
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;`;
  const usual = `
      proxy_set_header Host $http_host;
      ${old ? "" : upgrade}
      ${ignoresAccelBuffering ? "proxy_ignore_headers X-Accel-Buffering;" : ""}`;
  return `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  server {
    listen 127.0.0.1:${port};
    ${server}
    location / {
      proxy_pass http://127.0.0.1:${target};
      ${location ?? usual}
    }
  }
}
`;
}

const RETRY_MS = 10;

/** Resolves once somebody listens there. */
export async function answers(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const taken = await Promise.race([
      once(socket, "connect").then(() => true),
      once(socket, "close").then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (taken) return;
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

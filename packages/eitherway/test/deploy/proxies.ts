/** The configurations of `deploy/` as they are, but for ports, certificate and what a proxy needs to run in a temporary folder. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { answers } from "../faults/nginx.ts";
import { freePort, testCertificate } from "../node/support.ts";

export type ProxyName = "nginx" | "haproxy";

export interface DeployedProxy {
  readonly port: number;
  /** What a client connects to, over TLS with a certificate that nobody signed. */
  readonly url: string;
}

const DEPLOY = new URL("../../../../deploy/", import.meta.url);
const FIRST_NODE_PORT = 8_001;
const PROXY_PORT = "8443";

/**
 * Starts it in front of three nodes until the test is over.
 *
 * @param path below which it hands on, with nginx
 */
export async function startProxy(
  name: ProxyName,
  nodes: readonly number[],
  path = "/eitherway",
): Promise<DeployedProxy> {
  const folder = mkdtempSync(join(tmpdir(), `eitherway-deploy-${name}-`));
  const port = await freePort();
  const { cert, key } = await testCertificate();
  writeFileSync(join(folder, "eitherway.crt"), cert);
  writeFileSync(join(folder, "eitherway.key"), key);
  writeFileSync(join(folder, "eitherway.pem"), `${String(cert)}\n${String(key)}`);

  const { file, argv, prepare } = PROXIES[name];
  let text = readFileSync(fileURLToPath(new URL(file, DEPLOY)), "utf8").replace(PROXY_PORT, `127.0.0.1:${port}`);
  text = text.replace("location /eitherway ", `location ${path} `);
  for (const [n, node] of nodes.entries()) text = text.replace(`:${FIRST_NODE_PORT + n}`, `:${node}`);
  writeFileSync(join(folder, file), prepare(text.replaceAll(`/etc/${name}`, folder), folder));

  const env = { ...process.env, PATH: `${process.env.PATH ?? ""}${delimiter}/usr/sbin` }; // Debian puts them there
  const proxy = spawn(name, argv(folder), { env });
  const exited = once(proxy, "exit");
  let complaints = "";
  proxy.stderr.on("data", (part: Buffer) => {
    complaints += part.toString();
  });
  onTestFinished(async () => {
    proxy.kill("SIGKILL");
    await exited;
    rmSync(folder, { recursive: true, force: true });
  });
  const failed = exited.then(() => {
    throw new Error(`${name} ended: ${complaints}`);
  });
  failed.catch(() => {}); // it ends in the end
  await Promise.race([answers(port), failed]);
  return { port, url: `https://127.0.0.1:${port}${path}` };
}

interface Proxy {
  readonly file: string;
  argv(folder: string): string[];
  prepare(text: string, folder: string): string;
}

const PROXIES: Readonly<Record<ProxyName, Proxy>> = {
  nginx: {
    file: "nginx.conf",
    argv: (folder) => {
      const main = `daemon off; master_process off; pid ${folder}/nginx.pid;`;
      return ["-p", folder, "-c", join(folder, "nginx.conf"), "-e", join(folder, "error.log"), "-g", main];
    },
    prepare: (text, folder) =>
      text
        .replace(/^worker_rlimit_nofile .*$/m, "") // of the machine's owner
        .replace(
          /^http \{$/m,
          `http {\n  access_log off;\n${TEMPORARY.map((name) => `  ${name}_temp_path ${folder}/${name};`).join("\n")}`,
        ),
  },
  haproxy: {
    file: "haproxy.cfg",
    argv: (folder) => ["-db", "-f", join(folder, "haproxy.cfg")],
    prepare: (text) => text.replace("maxconn 50000", "maxconn 2000").replace("bind :127.0.0.1", "bind 127.0.0.1"),
  },
};

/** Where nginx would otherwise write, and may not. */
const TEMPORARY = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];

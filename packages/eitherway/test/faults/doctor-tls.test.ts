/** The doctor against real proxies that end TLS. Certificates are self-signed and addresses are the machine's own, which is a note. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { examine } from "../../src/cli/doctor/examine.ts";
import type { Finding } from "../../src/cli/doctor/finding.ts";
import { createSelfSignedCertificate, eitherway, type NodeEitherway, type TrustProxy } from "../../src/node/index.ts";
import { freePort } from "../node/support.ts";
import { witnessed } from "../support/witness.ts";
import { launchHaproxy } from "./haproxy.ts";
import { launchNginx } from "./nginx.ts";

const FOLDER = mkdtempSync(join(tmpdir(), "eitherway-tls-"));
/** HAProxy wants both in one file. */
const PEM = join(FOLDER, "both.pem");
const SELF_SIGNED = "untrusted-certificate";
const UPGRADE = `proxy_set_header Host $http_host;
proxy_http_version 1.1;
proxy_set_header Upgrade $http_upgrade;
proxy_set_header Connection $connection_upgrade;`;
const SCHEME = "proxy_set_header X-Forwarded-Proto $scheme;";

const servers: NodeEitherway[] = [];
let trusting: number;
let distrusting: number;

beforeAll(async () => {
  const { cert, key } = await createSelfSignedCertificate();
  writeFileSync(PEM, `${cert}\n${key}`);
  trusting = await serve(1);
  distrusting = await serve(false);
});

afterAll(async () => {
  for (const server of servers) await server.close();
  rmSync(FOLDER, { recursive: true, force: true });
});

async function serve(trustProxy: TrustProxy): Promise<number> {
  const server = eitherway({ logger: witnessed(), pingMs: 60_000, trustProxy });
  servers.push(server);
  return (await server.listen({ port: 0 })).port;
}

interface Setup {
  readonly target: number;
  readonly location?: string;
  readonly protocols?: "h2" | "h1";
}

async function behindNginx({ target, location = `${UPGRADE} ${SCHEME}`, protocols = "h2" }: Setup) {
  const port = await freePort();
  const listen = `listen 127.0.0.1:${port} ssl${protocols === "h2" ? " http2" : ""};`;
  const server = `${listen} ssl_certificate ${PEM}; ssl_certificate_key ${PEM};`;
  return examined(port, await launchNginx({ target, server, location }));
}

async function behindHaproxy(target: number, backend = "") {
  const port = await freePort();
  const frontend = `bind 127.0.0.1:${port} ssl crt ${PEM} alpn h2,http/1.1`;
  return examined(port, await launchHaproxy({ target, frontend, backend }));
}

async function examined(port: number, proxy: { stop(): Promise<void> }): Promise<readonly Finding[]> {
  const url = new URL(`https://127.0.0.1:${port}`);
  const { signal } = new AbortController();
  try {
    return (await examine({ url, idleSeconds: 0, deepSeconds: 0, signal, tell() {} })).findings;
  } finally {
    await proxy.stop();
  }
}

const ids = (findings: readonly Finding[]) => findings.map(({ id }) => id);

function mendOf(findings: readonly Finding[], product: string): string {
  const settings = findings.flatMap(({ mends }) => mends.filter((mend) => mend.for === product && !mend.documented));
  return settings.map(({ setting }) => setting).join("\n");
}

describe.concurrent("behind TLS", () => {
  test("a good nginx and a good HAProxy give no fault", async () => {
    const [nginx, haproxy] = await Promise.all([
      behindNginx({ target: trusting }),
      behindHaproxy(trusting, "http-request set-header x-forwarded-proto https"),
    ]);
    const evidence = expect.stringContaining("DEPTH_ZERO_SELF_SIGNED_CERT");
    expect(nginx).toMatchObject([{ id: SELF_SIGNED, severity: "note", evidence }]);
    expect(ids(haproxy)).toEqual([SELF_SIGNED]);
  });

  test("a scheme that nobody tells the server is found out, and the settings for both mend it", async () => {
    const wrong = await behindNginx({ target: distrusting, location: UPGRADE });
    expect(ids(wrong)).toEqual(["origin-refused", SELF_SIGNED]);
    expect(mendOf(wrong, "eitherway")).toMatch(/^--trust-proxy 1 /); // which the other server has
    const location = `${UPGRADE}\n${mendOf(wrong, "nginx")}`;
    expect(ids(await behindNginx({ target: trusting, location }))).toEqual([SELF_SIGNED]);
  });

  test("the same behind HAProxy", async () => {
    const wrong = await behindHaproxy(distrusting);
    expect(ids(wrong)).toEqual(["origin-refused", SELF_SIGNED]);
    expect(ids(await behindHaproxy(trusting, mendOf(wrong, "haproxy")))).toEqual([SELF_SIGNED]);
  });

  test("HTTP/2 that is not offered is a note", async () => {
    const findings = await behindNginx({ target: trusting, protocols: "h1" });
    expect(findings).toMatchObject([{ id: SELF_SIGNED }, { id: "no-http2", severity: "note" }]);
  });

  test("a header that HTTP/2 forbids is found out", async () => {
    const location = `${UPGRADE} ${SCHEME} add_header Connection keep-alive;`;
    expect(await behindNginx({ target: trusting, location })).toMatchObject([
      { id: SELF_SIGNED },
      { id: "illegal-headers", severity: "fault" },
    ]);
  });
});

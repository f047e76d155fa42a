/** The doctor against real proxies that are set up wrongly, and then as it says itself. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Examination, examine } from "../../src/cli/doctor/examine.ts";
import type { FindingId } from "../../src/cli/doctor/finding.ts";
import { eitherway, type NodeEitherway } from "../../src/node/index.ts";
import { witnessed } from "../support/witness.ts";
import { launchHaproxy } from "./haproxy.ts";
import { launchNginx, type RunningProxy } from "./nginx.ts";

interface Mend {
  readonly settings: string;
  readonly removed: boolean;
}

interface Case {
  readonly name: string;
  readonly finds: FindingId;
  /** Starts the proxy as it is set up wrongly, or, with settings, as the doctor says. `removed`: what is wrong is taken out. */
  launch(target: number, mend?: Mend): Promise<RunningProxy>;
  readonly proxy: "nginx" | "haproxy";
  readonly idleSeconds?: number;
}

const NOTHING: Mend = { settings: "", removed: false };
const HOST = "proxy_set_header Host $http_host;";
const UPGRADE = `proxy_http_version 1.1;
proxy_set_header Upgrade $http_upgrade;
proxy_set_header Connection $connection_upgrade;`;

/** What is wrong stands in the `server` or the `location`; a mend is pasted into the `location`. */
function nginx(finds: FindingId, name: string, wrong: { server?: string; location?: string }, idleSeconds = 1): Case {
  const launch: Case["launch"] = (target, { settings, removed } = NOTHING) => {
    const { server = "", location = `${HOST} ${UPGRADE}` } = removed ? {} : wrong;
    return launchNginx({ target, server, location: `${location}\n${settings}` });
  };
  return { name, finds, proxy: "nginx", launch, idleSeconds };
}

/** What is wrong stands in the `defaults` or the `frontend`; a mend is pasted into the `backend`. */
function haproxy(
  finds: FindingId,
  name: string,
  wrong: { defaults?: string; frontend?: string },
  idleSeconds = 1,
): Case {
  const launch: Case["launch"] = (target, { settings, removed } = NOTHING) =>
    launchHaproxy({ target, ...(removed ? {} : wrong), backend: settings });
  return { name, finds, proxy: "haproxy", launch, idleSeconds };
}

const CASES: readonly Case[] = [
  nginx("upgrade-lost", "without the headers of an upgrade", { location: "", server: HOST }),
  nginx("buffering", "that speaks HTTP/1.0 to the server, and buffers whatever it says", {
    server: `${HOST} proxy_http_version 1.0; proxy_ignore_headers X-Accel-Buffering;`,
    location: "",
  }),
  nginx("idle-cut", "that waits 2 s", { server: "proxy_read_timeout 2s;" }, 4),
  nginx("compressed", "that compresses event streams", {
    server: "gzip on; gzip_types text/event-stream; gzip_min_length 0; gzip_proxied any;",
  }),
  nginx("last-event-id-lost", "that strips Last-Event-ID", {
    location: `${HOST} ${UPGRADE} proxy_set_header Last-Event-ID "";`,
  }),
  nginx("body-limit", "that takes bodies of 1 kB", { server: "client_max_body_size 1k;" }),
  nginx("stream-refused", "that denies streams by POST", { server: "location = /eitherway/stream { deny all; }" }),
  nginx("publish-refused", "that denies POST to channels", {
    location: `${HOST} ${UPGRADE} if ($request_method = POST) { return 405; }`,
  }),
  nginx("origin-refused", "that puts its own name for the host", { location: UPGRADE }),
  nginx("cacheable", "that lets streams be stored", {
    server: 'proxy_hide_header Cache-Control; add_header Cache-Control "public, max-age=60";',
  }),
  nginx("cacheable", "that keeps what it serves for an hour", {
    server: "proxy_hide_header Cache-Control; expires 1h;",
  }),
  haproxy("idle-cut", "that waits 2 s", { defaults: "timeout client 1h\ntimeout server 2s\ntimeout tunnel 2s" }, 4),
  haproxy("upgrade-refused", "that denies WebSockets", {
    frontend: "http-request deny if { hdr(upgrade) -i websocket }",
  }),
  haproxy("upgrade-lost", "that strips the header Upgrade", { frontend: "http-request del-header upgrade" }),
  haproxy("last-event-id-lost", "that strips Last-Event-ID", { frontend: "http-request del-header last-event-id" }),
  haproxy("events-refused", "that denies event streams", { frontend: "http-request deny if { path_end /events }" }),
  haproxy("publish-refused", "that denies POST to channels", {
    frontend: "http-request deny if METH_POST { path_beg /eitherway/channels }",
  }),
  haproxy("body-limit", "that takes bodies of 1 kB", {
    frontend: "option http-buffer-request\nhttp-request deny deny_status 413 if { req.body_size gt 1000 }",
  }),
  haproxy("cacheable", "that deletes Cache-Control", { frontend: "http-response del-header cache-control" }),
  haproxy("host-refused", "that puts another name for the host", {
    frontend: "http-request set-header host inner.example",
  }),
];

let ew: NodeEitherway;
let port: number;

beforeAll(async () => {
  ew = eitherway({ logger: witnessed(), pingMs: 60_000 });
  ({ port } = await ew.listen({ port: 0 }));
});

afterAll(() => ew.close());

async function examined(proxy: RunningProxy, idleSeconds = 1): Promise<Examination> {
  const signal = new AbortController().signal;
  try {
    return await examine({ url: new URL(proxy.url), idleSeconds, deepSeconds: 0, signal, tell() {} });
  } finally {
    await proxy.stop();
  }
}

/** All settings for one product, each line once, as somebody would paste them; or what is wrong goes, where that is the advice. */
function mendOf({ findings }: Examination, product: string): Mend {
  const settings = findings.flatMap(({ mends }) =>
    mends.filter((mend) => mend.for === product).map(({ setting }) => setting),
  );
  if (settings.some((setting) => setting.startsWith("remove"))) return { settings: "", removed: true };
  return { settings: [...new Set(settings.flatMap((setting) => setting.split("\n")))].join("\n"), removed: false };
}

describe.each([
  ["nginx", () => launchNginx({ target: port })],
  ["HAProxy", () => launchHaproxy({ target: port })],
])("a good %s", (_, launch) => {
  test("gives no finding", async () => {
    const { what, findings } = await examined(await launch(), 3);
    expect({ what, findings }).toEqual({ what: "eitherway", findings: [] });
  });
});

test("a HAProxy that compresses the event stream of others is found out, and the header that the doctor names mends it", async () => {
  const frontend = "compression algo gzip\ncompression type text/event-stream";
  const behindHaproxy = async (cacheControl: string) => {
    const stream = createServer((_, response) => {
      const headers = { "cache-control": cacheControl, "x-accel-buffering": "no" };
      response.writeHead(200, { "content-type": "text/event-stream", ...headers }).write("id: 1\ndata: hi\n\n");
    });
    await new Promise<void>((resolve) => stream.listen(0, "127.0.0.1", resolve));
    const target = (stream.address() as AddressInfo).port;
    try {
      return await examined(await launchHaproxy({ target, frontend }));
    } finally {
      stream.closeAllConnections();
      stream.close();
    }
  };
  const { findings } = await behindHaproxy("no-cache");
  expect(findings.map(({ id }) => id)).toEqual(["compressed"]);
  const [mend] = findings[0]?.mends ?? [];
  const [, value = ""] = /^Cache-Control: (.+)$/.exec(mend?.setting ?? "") ?? [];
  expect((await behindHaproxy(value)).findings).toEqual([]);
});

describe("set up wrongly", () => {
  const results = new Map<Case, Promise<{ readonly wrong: Examination; readonly mended: Examination }>>();

  const treat = async (one: Case) => {
    const wrong = await examined(await one.launch(port), one.idleSeconds);
    const mended = await examined(await one.launch(port, mendOf(wrong, one.proxy)), one.idleSeconds);
    return { wrong, mended };
  };

  // Side by side: a visit waits most of its time.
  beforeAll(async () => {
    const left = [...CASES];
    const lane = async (): Promise<void> => {
      for (let one = left.shift(); one; one = left.shift()) {
        results.set(one, treat(one));
        await results.get(one)?.catch(() => {}); // its test says so
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
  }, 120_000);

  test.each(CASES)("a $proxy $name is found out: $finds; and what the doctor says mends it", async (one) => {
    const treated = await results.get(one);
    expect(treated?.wrong.findings.map(({ id }) => id)).toContain(one.finds);
    expect(treated?.mended.findings).toEqual([]);
  });
});

const LANES = 5; // with more, a visit waits for the machine and takes it for the proxy

/** Settings that mend what proxies do, each applied to a real nginx or HAProxy in the tests, and what the makers of others document. */
import { documented, type Mend } from "./finding.ts";

const nginx = (setting: string): Mend => ({ for: "nginx", setting });
const haproxy = (setting: string): Mend => ({ for: "haproxy", setting });
const eitherway = (setting: string): Mend => ({ for: "eitherway", setting });

/** What people run into next. */
const HIDES = "# one proxy_set_header here hides those of the levels above: repeat them here";

/** In nginx: of the `location` that leads to the server. */
export const MENDS = {
  upgrade: [
    nginx(`proxy_http_version 1.1;
proxy_set_header Upgrade $http_upgrade;
proxy_set_header Connection "upgrade";
proxy_set_header Host $http_host;
${HIDES}`),
    haproxy("remove what denies or strips the header `upgrade`"),
    ...documented("apache-upgrade", "aws-cloudfront-upgrade"),
  ],
  buffering: [
    nginx("proxy_buffering off;"),
    ...documented("apache-flushpackets", "caddy-flush", "azure-app-gateway-sse"),
  ],
  idle: [
    nginx(`proxy_read_timeout 3600s;
proxy_send_timeout 3600s;`),
    haproxy(`timeout server 1h
timeout tunnel 1h`),
    ...documented("aws-alb-idle", "gcp-lb-timeout", "envoy-stream-idle"),
  ],
  ping: (ms: number): Mend => eitherway(`--ping ${ms}ms   # or pingMs: ${ms}, where the hop cannot be changed`),
  compression: [
    nginx("gzip off;"),
    haproxy("remove `compression` for the type text/event-stream"),
    ...documented("express-compression"),
  ],
  lastEventId: [
    nginx(`proxy_set_header Last-Event-ID $http_last_event_id;\n${HIDES}`),
    haproxy("remove what deletes the header `last-event-id`"),
  ],
  cacheable: [
    nginx(`expires off;
add_header Cache-Control "no-store, no-transform";
# one add_header here hides those of the levels above: repeat them here`),
    haproxy("remove what sets or deletes the header `cache-control`"),
  ],
  body: (bytes: number): readonly Mend[] => [
    nginx(`client_max_body_size ${bytes};`),
    haproxy("remove what denies by `req.body_size`"),
  ],
  refused: [nginx("remove what denies this path or method"), haproxy("remove what denies this path or method")],
  host: (url: URL): readonly Mend[] =>
    url.protocol === "https:"
      ? [
          nginx(`proxy_set_header Host $http_host;
proxy_set_header X-Forwarded-Proto $scheme;
${HIDES}`),
          haproxy("http-request set-header x-forwarded-proto https if { ssl_fc }"),
          eitherway("--trust-proxy 1   # or trustProxy: 1; beside that of the proxy, which tells the scheme"),
        ]
      : [nginx(`proxy_set_header Host $http_host;\n${HIDES}`), haproxy("remove what sets the header `host`")],
  limits: [eitherway("--limit NAME=VALUE   # of the limit that docs/limits.md names for that word")],
  certificate: [
    {
      for: "nginx",
      setting: "ssl_certificate /path/to/fullchain.pem;   # with the certificates between it and the authority",
      documented: {
        source: "https://nginx.org/en/docs/http/configuring_https_servers.html#chains",
        date: "2026-11-28",
      },
    },
  ],
} as const;

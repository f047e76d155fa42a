/** Settings that mend what proxies do, each applied to a real nginx or HAProxy in the tests, and what the makers of others document. */
import { documented, type Mend } from "./finding.ts";

const nginx = (setting: string): Mend => ({ for: "nginx", setting });
const haproxy = (setting: string): Mend => ({ for: "haproxy", setting });
const eitherway = (setting: string): Mend => ({ for: "eitherway", setting });

/** In nginx: of the `location` that leads to the server. */
export const MENDS = {
  upgrade: [
    nginx(`proxy_http_version 1.1;
proxy_set_header Upgrade $http_upgrade;
proxy_set_header Connection "upgrade";
proxy_set_header Host $http_host;`),
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
    nginx("remove `proxy_set_header Last-Event-ID`"),
    haproxy("remove what deletes the header `last-event-id`"),
  ],
  body: (bytes: number): readonly Mend[] => [
    nginx(`client_max_body_size ${bytes};`),
    haproxy("remove what denies by `req.body_size`"),
  ],
  refused: [nginx("remove what denies this path or method"), haproxy("remove what denies this path or method")],
  host: [
    nginx("proxy_set_header Host $http_host;"),
    haproxy("remove what sets the header `host`"),
    eitherway("trustProxy: 1   # where a proxy that ends TLS tells the scheme in X-Forwarded-Proto"),
  ],
} as const;

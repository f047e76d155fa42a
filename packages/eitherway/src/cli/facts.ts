/**
 * What is known of the proxies, hosts and browsers that live connections pass, and where from. Sizes and times are the defaults of the
 * product unless the sentence says otherwise. None of it was measured here: these are the words of vendors, standards and trackers.
 *
 * Over 400 lines because it is one flat table.
 */

export type FactKind =
  /** Cuts a link that is silent. */
  | "idle"
  /** Cuts a busy link too. */
  | "absolute"
  /** Holds bytes back. */
  | "buffering"
  /** What a WebSocket needs to get through. */
  | "upgrade"
  /** How many there may be at a time. */
  | "connections"
  /** What payloads become on the wire. */
  | "format"
  /** What programs may and may not do there. */
  | "platform";

export interface Fact {
  /** Stable, the product first: `nginx-read-timeout`. */
  readonly id: string;
  /** The product, or the family of products. */
  readonly about: string;
  readonly kind: FactKind;
  /** One sentence for people, with its number. */
  readonly says: string;
  /** The limit, of `idle` and `absolute`. */
  readonly seconds?: number;
  /** Where it is said. */
  readonly source: string;
  /** When the source said so, or was read: `2026-11-27`. */
  readonly date: string;
  /** The exact setting that mends it. Documented, not tested. */
  readonly mend?: string;
  /** What cannot pass at all, and no setting mends it. */
  readonly refuses?: "websocket" | "sse";
}

export const FACTS: readonly Fact[] = [
  {
    id: "nginx-read-timeout",
    about: "nginx",
    says: "nginx closes a proxied connection, WebSocket included, when the server sends nothing for 60 s (proxy_read_timeout).",
    kind: "idle",
    seconds: 60,
    source: "https://nginx.org/en/docs/http/websocket.html",
    date: "2026-11-27",
    mend: `proxy_read_timeout 3600s;
proxy_send_timeout 3600s;`,
  },
  {
    id: "nginx-buffering",
    about: "nginx",
    says: "nginx buffers proxied responses by default, up to 8 buffers of one memory page (4 or 8 kB) before disk, so small events wait; the response header X-Accel-Buffering: no switches it off for one response.",
    kind: "buffering",
    source: "https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_buffering",
    date: "2026-11-27",
    mend: `# either the application answers with  X-Accel-Buffering: no
# (and proxy_ignore_headers does not list it), or in the location:
proxy_buffering off;`,
  },
  {
    id: "nginx-upgrade",
    about: "nginx",
    says: "nginx does not pass the hop-by-hop headers Upgrade and Connection on, so a WebSocket handshake fails unless both are set by hand; before 1.29.7 it also needs proxy_http_version 1.1.",
    kind: "upgrade",
    source: "https://nginx.org/en/docs/http/websocket.html",
    date: "2026-11-27",
    mend: `# in http { }
map $http_upgrade $connection_upgrade {
    default upgrade;
    ''      close;
}
# in the location
proxy_http_version 1.1;
proxy_set_header Upgrade $http_upgrade;
proxy_set_header Connection $connection_upgrade;`,
  },
  {
    id: "nginx-gzip",
    about: "nginx",
    says: "nginx gzip is off by default and, when on, compresses text/html and the types in gzip_types; only the value * or text/event-stream in that list makes it compress an event stream.",
    kind: "buffering",
    source: "https://nginx.org/en/docs/http/ngx_http_gzip_module.html#gzip_types",
    date: "2026-11-27",
    mend: `# in the location of the stream
gzip off;`,
  },
  {
    id: "ingress-nginx-timeout",
    about: "nginx",
    says: "ingress-nginx passes WebSockets without settings but keeps nginx's 60 s for proxy-read-timeout and proxy-send-timeout; its manual advises more than 3600.",
    kind: "idle",
    seconds: 60,
    source: "https://kubernetes.github.io/ingress-nginx/user-guide/miscellaneous/#websockets",
    date: "2026-11-27",
    mend: `metadata:
  annotations:
    nginx.ingress.kubernetes.io/proxy-read-timeout: "3600"
    nginx.ingress.kubernetes.io/proxy-send-timeout: "3600"`,
  },
  {
    id: "haproxy-timeout-server",
    about: "HAProxy",
    says: "HAProxy cuts a silent event stream or long poll after timeout client or timeout server, which are inactivity limits with no default (unset means infinite, with a start-up warning); a number without a unit is milliseconds.",
    kind: "idle",
    source: "https://docs.haproxy.org/3.2/configuration.html#4-timeout%20server",
    date: "2026-11-27",
    mend: `defaults
    timeout connect 5s
    timeout client  60s   # both above twice the heartbeat
    timeout server  60s`,
  },
  {
    id: "haproxy-timeout-tunnel",
    about: "HAProxy",
    says: "HAProxy replaces timeout client and timeout server by timeout tunnel once a connection is upgraded to WebSocket, counting silence in both directions; the manual's own example is 1 h.",
    kind: "idle",
    source: "https://docs.haproxy.org/3.2/configuration.html#4-timeout%20tunnel",
    date: "2026-11-27",
    mend: `defaults
    timeout tunnel     1h
    timeout client-fin 30s`,
  },
  {
    id: "apache-proxy-timeout",
    about: "Apache httpd",
    says: "Apache httpd waits for data from the backend no longer than the timeout of its ProxyPass line, which falls back to ProxyTimeout, so a silent stream or WebSocket is cut there.",
    kind: "idle",
    source: "https://httpd.apache.org/docs/2.4/mod/mod_proxy.html#proxypass",
    date: "2026-11-27",
    mend: `ProxyPass "/live" "http://127.0.0.1:3000/live" timeout=3600`,
  },
  {
    id: "apache-upgrade",
    about: "Apache httpd",
    says: "Apache httpd tunnels WebSocket through mod_proxy_http since 2.4.47 when the ProxyPass line says upgrade=websocket; before that it needs mod_proxy_wstunnel and a ws:// target.",
    kind: "upgrade",
    source: "https://httpd.apache.org/docs/2.4/mod/mod_proxy_wstunnel.html",
    date: "2026-11-27",
    mend: `# 2.4.47 and later
ProxyPass "/live" "http://127.0.0.1:3000/live" upgrade=websocket timeout=3600
# before
RewriteEngine on
RewriteCond %{HTTP:Upgrade} websocket [NC]
RewriteCond %{HTTP:Connection} upgrade [NC]
RewriteRule ^/live(.*) "ws://127.0.0.1:3000/live$1" [P,L]`,
  },
  {
    id: "apache-flushpackets",
    about: "Apache httpd",
    says: "Apache's flushpackets (off by default; auto waits flushwait, 10 ms) takes effect only for mod_proxy_ajp and mod_proxy_fcgi, so it changes nothing for an http:// backend, whatever older advice says.",
    kind: "buffering",
    source: "https://httpd.apache.org/docs/2.4/mod/mod_proxy.html#proxypass",
    date: "2026-11-27",
    mend: `# http:// backend: keep mod_deflate off the stream
SetEnvIf Request_URI "^/live" no-gzip
# FastCGI or AJP backend
ProxyPass "/live" "fcgi://127.0.0.1:9000/" flushpackets=on`,
  },
  {
    id: "caddy-flush",
    about: "Caddy",
    says: "Caddy's reverse_proxy does no periodic flushing by default but passes a response on at once when its type is text/event-stream or its length is unknown; anything else needs flush_interval -1.",
    kind: "buffering",
    source: "https://caddyserver.com/docs/caddyfile/directives/reverse_proxy#streaming",
    date: "2026-11-27",
    mend: `reverse_proxy 127.0.0.1:3000 {
	flush_interval -1
}`,
  },
  {
    id: "caddy-reload",
    about: "Caddy",
    says: "Caddy closes every proxied WebSocket when its configuration is reloaded, unless stream_close_delay lets old ones run on.",
    kind: "absolute",
    source: "https://caddyserver.com/docs/caddyfile/directives/reverse_proxy#streaming",
    date: "2026-11-27",
    mend: `reverse_proxy 127.0.0.1:3000 {
	stream_close_delay 5m
}`,
  },
  {
    id: "envoy-route-timeout",
    about: "Envoy and Istio",
    says: "Envoy gives a route 15 s to complete its whole response, which cuts every event stream and long poll over 15 s; the manual says to disable it for streaming.",
    kind: "absolute",
    seconds: 15,
    source: "https://www.envoyproxy.io/docs/envoy/latest/faq/configuration/timeouts",
    date: "2026-11-27",
    mend: `routes:
- match: { prefix: "/live" }
  route:
    cluster: app
    timeout: 0s
    idle_timeout: 3600s`,
  },
  {
    id: "envoy-stream-idle",
    about: "Envoy and Istio",
    says: "Envoy closes a stream with no activity either way for 5 min (stream_idle_timeout).",
    kind: "idle",
    seconds: 300,
    source: "https://www.envoyproxy.io/docs/envoy/latest/faq/configuration/timeouts",
    date: "2026-11-27",
    mend: `# for one route, under route:
idle_timeout: 3600s
# for all, in the HTTP connection manager:
stream_idle_timeout: 3600s`,
  },
  {
    id: "istio-route-timeout",
    about: "Envoy and Istio",
    says: "Istio disables Envoy's 15 s route timeout by default; only a timeout on the VirtualService or HTTPRoute cuts a stream.",
    kind: "absolute",
    source: "https://istio.io/latest/docs/tasks/traffic-management/request-timeouts/",
    date: "2026-11-27",
    mend: `# HTTPRoute that needs a timeout elsewhere: none for the stream's rule
timeouts:
  request: 0s`,
  },
  {
    id: "traefik-read-timeout",
    about: "Traefik",
    says: "Traefik gives a client 60 s to send its whole request, body included (readTimeout), but sets no limit on writing a response (writeTimeout 0), so event streams live while slow uploads do not.",
    kind: "absolute",
    seconds: 60,
    source: "https://doc.traefik.io/traefik/reference/install-configuration/entrypoints/",
    date: "2026-11-27",
    mend: `entryPoints:
  websecure:
    address: ":443"
    transport:
      respondingTimeouts:
        readTimeout: 0`,
  },
  {
    id: "aws-alb-idle",
    about: "AWS",
    says: "An AWS Application Load Balancer closes a connection after 60 s without data; HTTP/2 PING frames do not count.",
    kind: "idle",
    seconds: 60,
    source: "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html",
    date: "2026-11-27",
    mend: `aws elbv2 modify-load-balancer-attributes \\
  --load-balancer-arn "$ALB_ARN" \\
  --attributes Key=idle_timeout.timeout_seconds,Value=4000`,
  },
  {
    id: "aws-cloudfront-origin",
    about: "AWS",
    says: "CloudFront waits 30 s (settable 1 to 120 s) for a response from the origin, so a long poll or a stream that opens in silence is answered with an error.",
    kind: "idle",
    seconds: 30,
    source: "https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_VpcOriginConfig.html",
    date: "2026-11-27",
    mend: `"OriginReadTimeout": 120`,
  },
  {
    id: "aws-cloudfront-ws-idle",
    about: "AWS",
    says: "CloudFront closes a WebSocket when the origin has sent no bytes for 10 min; the limit is fixed.",
    kind: "idle",
    seconds: 600,
    source: "https://repost.aws/questions/QU05nkjxdfRC2E67FGICmP3g/how-to-increase-cloudfront-websockets-idle-timeout",
    date: "2026-11-27",
  },
  {
    id: "aws-cloudfront-upgrade",
    about: "AWS",
    says: "CloudFront carries WebSocket on every distribution, but only if the origin request policy forwards all viewer headers or at least Sec-WebSocket-Key and Sec-WebSocket-Version.",
    kind: "upgrade",
    source:
      "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/distribution-working-with.websockets.html",
    date: "2026-11-27",
    mend: "Cache behaviour of the path: origin request policy Managed-AllViewer",
  },
  {
    id: "aws-apigw-rest",
    about: "AWS",
    says: "Amazon API Gateway ends a REST call after 29 s by default; Regional and private APIs can raise it against their throttle quota.",
    kind: "absolute",
    seconds: 29,
    source:
      "https://aws.amazon.com/about-aws/whats-new/2024/06/amazon-api-gateway-integration-timeout-limit-29-seconds/",
    date: "2024-06-04",
    mend: "Service Quotas > Amazon API Gateway > Maximum integration timeout in milliseconds",
  },
  {
    id: "aws-apigw-rest-buffering",
    about: "AWS",
    says: "Amazon API Gateway buffers a REST response whole unless the integration's response transfer mode is STREAM, and even then ends it after 15 min.",
    kind: "buffering",
    source: "https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode.html",
    date: "2026-11-27",
    mend: `"x-amazon-apigateway-integration": {
  "type": "http_proxy",
  "responseTransferMode": "STREAM",
  "timeoutInMillis": 900000
}`,
  },
  {
    id: "aws-apigw-stream-idle",
    about: "AWS",
    says: "A streamed API Gateway response is cut after 30 s of silence on an edge-optimised endpoint, 5 min on a Regional or private one.",
    kind: "idle",
    seconds: 30,
    source: "https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode.html",
    date: "2026-11-27",
  },
  {
    id: "aws-apigw-ws-integration",
    about: "AWS",
    says: "An API Gateway WebSocket API ends the WebSocket itself and hands each frame to an integration (Lambda, an HTTP endpoint or an AWS service), so a WebSocket server behind it gets no WebSocket.",
    kind: "upgrade",
    refuses: "websocket",
    source: "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-integrations.html",
    date: "2026-11-28",
  },
  {
    id: "aws-apigw-ws-idle",
    about: "AWS",
    says: "An API Gateway WebSocket is closed after 10 min of silence; the quota cannot be raised.",
    kind: "idle",
    seconds: 600,
    source:
      "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html",
    date: "2026-11-27",
  },
  {
    id: "aws-apigw-ws-lifetime",
    about: "AWS",
    says: "An API Gateway WebSocket lives at most 2 h, busy or not.",
    kind: "absolute",
    seconds: 7200,
    source:
      "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html",
    date: "2026-11-27",
  },
  {
    id: "gcp-lb-timeout",
    about: "Google Cloud",
    says: "A Google Cloud external HTTP(S) load balancer ends a WebSocket 30 s after it opened: the backend service timeout is a limit on lifetime, not on silence.",
    kind: "absolute",
    seconds: 30,
    source: "https://github.com/kubernetes/ingress-gce/tree/master/examples/websocket",
    date: "2026-11-27",
    mend: `gcloud compute backend-services update "$BACKEND" --global --timeout=3600
# on GKE
apiVersion: cloud.google.com/v1
kind: BackendConfig
metadata:
  name: live
spec:
  timeoutSec: 3600`,
  },
  {
    id: "gcp-cloud-run",
    about: "Google Cloud",
    says: "Cloud Run treats a WebSocket or a stream as one request and ends it at the request timeout: 5 min by default, 60 min at most.",
    kind: "absolute",
    seconds: 300,
    source: "https://cloud.google.com/run/docs/triggering/websockets",
    date: "2026-11-27",
    mend: `gcloud run services update "$SERVICE" --timeout=3600`,
  },
  {
    id: "azure-front-door-sse",
    about: "Azure",
    says: "Azure Front Door Standard and Premium do not support Server-Sent Events at all; use WebSocket or long-poll behind it.",
    kind: "buffering",
    refuses: "sse",
    source: "https://learn.microsoft.com/en-us/azure/frontdoor/standard-premium/websocket",
    date: "2026-11-27",
  },
  {
    id: "azure-front-door-ws-idle",
    about: "Azure",
    says: "Azure Front Door closes a WebSocket after 5 min without data from either side.",
    kind: "idle",
    seconds: 300,
    source: "https://learn.microsoft.com/en-us/azure/frontdoor/standard-premium/websocket",
    date: "2026-11-27",
  },
  {
    id: "azure-front-door-ws-lifetime",
    about: "Azure",
    says: "Azure Front Door keeps a WebSocket open for at most 4 h, and at most 3,000 at once per profile.",
    kind: "absolute",
    seconds: 14_400,
    source: "https://learn.microsoft.com/en-us/azure/frontdoor/standard-premium/websocket",
    date: "2026-11-27",
  },
  {
    id: "azure-front-door-cache",
    about: "Azure",
    says: "Azure Front Door drops the Upgrade header on a route with caching on, so the WebSocket handshake fails there.",
    kind: "upgrade",
    source: "https://learn.microsoft.com/en-us/azure/frontdoor/standard-premium/websocket",
    date: "2026-11-27",
    mend: "Route of the path: Caching > off (Enable caching cleared)",
  },
  {
    id: "azure-app-gateway-sse",
    about: "Azure",
    says: "Azure Application Gateway streams events only with response buffers disabled, and cuts a stream when the silence between two events exceeds the backend setting's request time-out.",
    kind: "buffering",
    source: "https://learn.microsoft.com/en-us/azure/application-gateway/use-server-sent-events",
    date: "2026-11-27",
    mend: `"globalConfiguration": {
  "enableRequestBuffering": true,
  "enableResponseBuffering": false
}
// and in backendHttpSettingsCollection
"requestTimeout": 120`,
  },
  {
    id: "azure-lb-idle",
    about: "Azure",
    says: "Azure Load Balancer silently forgets a TCP flow after 4 min of silence (settable to 100 min); without TCP reset neither end is told.",
    kind: "idle",
    seconds: 240,
    source: "https://learn.microsoft.com/en-us/azure/load-balancer/load-balancer-tcp-idle-timeout",
    date: "2024-02-12",
    mend: `az network lb rule update --resource-group "$RG" --lb-name "$LB" --name "$RULE" \\
  --idle-timeout 15 --enable-tcp-reset true`,
  },
  {
    id: "cloudflare-read-timeout",
    about: "Cloudflare",
    says: "Cloudflare's proxy answers 524 when the origin sends nothing for 120 s (Proxy Read Timeout); only Enterprise can change it.",
    kind: "idle",
    seconds: 120,
    source: "https://developers.cloudflare.com/fundamentals/reference/connection-limits/",
    date: "2026-07-23",
  },
  {
    id: "cloudflare-client-idle",
    about: "Cloudflare",
    says: "Cloudflare closes an idle HTTP/1.1 or HTTP/2 connection from the client after 400 s.",
    kind: "idle",
    seconds: 400,
    source: "https://developers.cloudflare.com/fundamentals/reference/connection-limits/",
    date: "2026-07-23",
  },
  {
    id: "cloudflare-ws-restarts",
    about: "Cloudflare",
    says: "Cloudflare carries WebSocket on all plans but may restart an edge server for a code release at any time, which closes its WebSockets.",
    kind: "absolute",
    source: "https://developers.cloudflare.com/network/websockets/",
    date: "2026-11-27",
    mend: "Dashboard > Network > WebSockets: On",
  },
  {
    id: "cloudflare-tunnel-type",
    about: "Cloudflare",
    says: "Cloudflare Tunnel holds a streamed response back unless its type is text/event-stream or application/grpc, so streamed JSON lines arrive only at the end.",
    kind: "buffering",
    source: "https://github.com/cloudflare/cloudflared/issues/199",
    date: "2023-11-28",
    mend: "Content-Type: text/event-stream",
  },
  {
    id: "cloudflare-quick-tunnel-get",
    about: "Cloudflare",
    says: "A Cloudflare Quick Tunnel (trycloudflare.com) delivers a GET event stream only when it closes, while the same stream by POST flows.",
    kind: "buffering",
    source: "https://github.com/cloudflare/cloudflared/issues/1449",
    date: "2025-04-12",
  },
  {
    id: "heroku-first-byte",
    about: "Heroku",
    says: "Heroku ends a request with H12 when its first byte has not come within 30 s, so an idle long poll must answer sooner.",
    kind: "absolute",
    seconds: 30,
    source: "https://devcenter.heroku.com/articles/request-timeout",
    date: "2026-11-27",
  },
  {
    id: "heroku-idle",
    about: "Heroku",
    says: "After the first byte Heroku ends a connection with H15 when 55 s pass without a byte either way; each byte restarts the 55 s, WebSockets included.",
    kind: "idle",
    seconds: 55,
    source: "https://devcenter.heroku.com/articles/http-routing#timeouts",
    date: "2026-11-27",
  },
  {
    id: "vercel-duration",
    about: "Vercel",
    says: "A Vercel function, its stream included, is ended after 300 s by default; Pro and Enterprise can set up to 800 s.",
    kind: "absolute",
    seconds: 300,
    source: "https://vercel.com/docs/functions/limitations",
    date: "2026-08-24",
    mend: "export const maxDuration = 800",
  },
  {
    id: "render-wss",
    about: "Render",
    says: "Render accepts WebSockets on web services but answers a public ws:// handshake with a 301 to TLS that most clients do not follow: connect with wss://.",
    kind: "upgrade",
    source: "https://render.com/docs/websocket",
    date: "2026-11-27",
  },
  {
    id: "railway-duration",
    about: "Railway",
    says: "Railway ends an HTTP request, event streams included, after 15 min; it carries WebSockets over HTTP/1.1.",
    kind: "absolute",
    seconds: 900,
    source: "https://docs.railway.com/networking/public-networking/specs-and-limits",
    date: "2026-11-27",
  },
  {
    id: "deno-ws-idle",
    about: "Deno",
    says: "Deno.upgradeWebSocket closes a connection whose client does not answer a ping within 30 s.",
    kind: "idle",
    seconds: 30,
    source: "https://docs.deno.com/api/deno/~/Deno.UpgradeWebSocketOptions",
    date: "2026-11-27",
    mend: "Deno.upgradeWebSocket(request, { idleTimeout: 120 })",
  },
  {
    id: "browser-h1-connections",
    about: "Browsers and phones",
    says: "Over HTTP/1.1 a browser opens at most 6 connections to one domain across all its tabs, so the seventh event stream waits for ever; Chrome and Firefox refuse to change it.",
    kind: "connections",
    source: "https://developer.mozilla.org/en-US/docs/Web/API/EventSource",
    date: "2026-11-27",
    mend: `# serve the stream over HTTP/2, for example in nginx 1.25.1 and later
listen 443 ssl;
http2 on;`,
  },
  {
    id: "browser-h2-streams",
    about: "Browsers and phones",
    says: "Over HTTP/2 the number of simultaneous streams is agreed between server and browser, 100 by default, and shared by every tab.",
    kind: "connections",
    source: "https://developer.mozilla.org/en-US/docs/Web/API/EventSource",
    date: "2026-11-27",
  },
  {
    id: "chromium-websockets",
    about: "Browsers and phones",
    says: "Chromium does not count WebSockets among the 6 connections of HTTP/1.1 and opens up to 255 of them; the next fails with ERR_INSUFFICIENT_RESOURCES.",
    kind: "connections",
    source:
      "https://chromium.googlesource.com/chromium/src/+/7b74ab4850b0115a996f0076733bc90fc7f8a273/net/data/websocket/multiple-connections.html",
    date: "2026-11-27",
  },
  {
    id: "firefox-websockets",
    about: "Browsers and phones",
    says: "Firefox opens at most 200 WebSockets in all (network.websocket.max-connections).",
    kind: "connections",
    source: "https://github.com/sockjs/sockjs-client/issues/225",
    date: "2015-03-01",
  },
  {
    id: "eventsource-headers",
    about: "Browsers and phones",
    says: "EventSource takes one option, withCredentials, so it cannot send an Authorization or any other header; a fetch reader can.",
    kind: "platform",
    source: "https://developer.mozilla.org/en-US/docs/Web/API/EventSource/EventSource",
    date: "2026-11-27",
  },
  {
    id: "bfcache-websocket",
    about: "Browsers and phones",
    says: "An open WebSocket keeps a page out of the back/forward cache, except in Chrome 149 and later and in Safari.",
    kind: "platform",
    source: "https://web.dev/articles/bfcache",
    date: "2026-11-27",
    mend: `addEventListener("pagehide", () => socket.close(1000))
addEventListener("pageshow", (event) => { if (event.persisted) reconnect() })`,
  },
  {
    id: "chromium-timers",
    about: "Browsers and phones",
    says: "A Chromium browser runs the timers of a page hidden for 5 min at most once a minute, so a client's own 15 s ping comes late there.",
    kind: "platform",
    source: "https://developer.samsung.com/browser/policy/intensive-wake-up-throttling-enabled.html",
    date: "2026-11-27",
  },
  {
    id: "ios-sse-background",
    about: "Browsers and phones",
    says: "iOS Safari kills the TCP connection of an event stream when the user switches app for some 10 s, with no error event on return.",
    kind: "platform",
    source: "https://github.com/bigskysoftware/htmx/pull/3640",
    date: "2026-01-29",
  },
  {
    id: "ios-ws-background",
    about: "Browsers and phones",
    says: "iOS Safari suspends a WebSocket when the user leaves for 3 to 5 min: no close event, the socket still says open, no more messages.",
    kind: "platform",
    source: "https://github.com/trpc/trpc/issues/4078",
    date: "2023-03-25",
  },
  {
    id: "ios-pageshow",
    about: "Browsers and phones",
    says: "iOS may restore a page after an app switch from the back/forward cache with pageshow (persisted true) and without visibilitychange, so both must be heard.",
    kind: "platform",
    source: "https://github.com/flarum/framework/pull/4590",
    date: "2026-04-19",
  },
  {
    id: "react-native-fetch",
    about: "Browsers and phones",
    says: "React Native's fetch leaves response.body undefined (reported since 2016, issue still open), so a stream cannot be read with it; expo/fetch (Expo SDK 52 and later) can.",
    kind: "platform",
    source: "https://github.com/react/react-native/issues/37505",
    date: "2023-05-21",
    mend: `import { fetch } from "expo/fetch"`,
  },
  {
    id: "h2-connection-header",
    about: "Browsers and phones",
    says: "HTTP/2 forbids the Connection header (RFC 9113 8.2.2): WebKit drops an event stream that carries Connection: keep-alive, and every request on that connection may fail with it.",
    kind: "platform",
    source: "https://github.com/bartblast/hologram/issues/1262",
    date: "2026-09-20",
    mend: "Send no Connection, Keep-Alive or Transfer-Encoding header with a stream",
  },
  {
    id: "express-compression",
    about: "Compression and bytes",
    says: "The Express compression middleware collects output before it compresses, so events arrive late or never unless res.flush() follows each write or the response is exempt; Cache-Control: no-transform exempts it.",
    kind: "buffering",
    source: "https://github.com/expressjs/compression#server-sent-events",
    date: "2026-11-27",
    mend: `app.use(compression({
  filter: (request, response) =>
    !String(response.getHeader("content-type")).startsWith("text/event-stream") &&
    compression.filter(request, response),
}))`,
  },
  {
    id: "sse-heartbeat",
    about: "Browsers and phones",
    says: "The HTML standard advises a comment line every 15 s or so, because old proxies drop HTTP connections after a short silence.",
    kind: "platform",
    source: "https://html.spec.whatwg.org/multipage/server-sent-events.html#authoring-notes",
    date: "2026-11-27",
  },
  {
    id: "sse-text",
    about: "Compression and bytes",
    says: "An event stream is UTF-8 text and nothing else: bytes must be encoded, and a line break inside data starts a new data line.",
    kind: "format",
    source: "https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream",
    date: "2026-11-27",
  },
  {
    id: "base64-size",
    about: "Compression and bytes",
    says: "Base64 writes 3 bytes as 4 characters, so bytes sent over an event stream grow by a third (+33 %).",
    kind: "format",
    source: "https://developer.mozilla.org/en-US/docs/Glossary/Base64#encoded_size_increase",
    date: "2026-11-27",
  },
  {
    id: "ws-frame-size",
    about: "Compression and bytes",
    says: "A WebSocket frame adds 2 bytes up to 125 bytes of payload, 4 up to 65,535 and 10 above, plus a 4-byte mask from client to server: 2 to 14 in all.",
    kind: "format",
    source: "https://www.rfc-editor.org/rfc/rfc6455#section-5.2",
    date: "2026-11-27",
  },
  {
    id: "ws-deflate-memory",
    about: "Compression and bytes",
    says: "permessage-deflate with zlib's defaults holds about 256 kB for a compressor (128 + 128) and 32 kB for a decompressor on each connection that keeps its context.",
    kind: "format",
    source: "https://nodejs.org/api/zlib.html#memory-usage-tuning",
    date: "2026-11-27",
    mend: `perMessageDeflate: {
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  serverMaxWindowBits: 10,
  zlibDeflateOptions: { memLevel: 7 },
  threshold: 1024,
}`,
  },
];

/** Whole settings of proxies that can be run here: a test has each proxy check them. */

export interface ProxyText {
  /** Of the hosting. */
  readonly id: string;
  readonly about: string;
  readonly text: string;
  readonly source: string;
  readonly date: string;
}

export const PROXIES: readonly ProxyText[] = [
  {
    id: "nginx",
    about: "nginx",
    text: `# in http { }
map $http_upgrade $connection_upgrade {
    default upgrade;
    '' '';
}
server {
    listen 80;
    location /eitherway {
        proxy_pass http://127.0.0.1:3000;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $connection_upgrade;
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_buffering off;
        proxy_read_timeout 60s; # pings come every 15 s
    }
}`,
    source: "https://nginx.org/en/docs/http/websocket.html",
    date: "2026-11-28",
  },
  {
    id: "haproxy",
    about: "HAProxy",
    text: `defaults
    mode http
    option forwardfor
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    timeout tunnel 1h

frontend web
    bind :80
    http-request set-header X-Forwarded-Proto http
    default_backend eitherway

backend eitherway
    server node 127.0.0.1:3000`,
    source: "https://docs.haproxy.org/3.2/configuration.html#4-timeout%20tunnel",
    date: "2026-11-28",
  },
];

/** What the browser tells of itself and of its connection to the server. */

export type HttpVersion = "HTTP/1.1" | "HTTP/2" | "HTTP/3";

/** Names of ALPN, as `nextHopProtocol` has them. */
const VERSIONS: Readonly<Record<string, HttpVersion>> = { "http/1.1": "HTTP/1.1", h2: "HTTP/2", h3: "HTTP/3" };

/** Of the newest request; `undefined` where the browser does not say. */
export function httpVersion(): HttpVersion | undefined {
  const entries = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
  const versions = entries.flatMap((entry) => VERSIONS[(entry as PerformanceResourceTiming).nextHopProtocol] ?? []);
  return versions.at(-1);
}

/** Which is what decides how many event streams the tabs of one person may have. */
export function meaningOf(version: HttpVersion | undefined): string {
  switch (version) {
    case "HTTP/1.1":
      return "Requests go over HTTP/1.1: a browser opens at most six connections to one server, over all its tabs, and each SSE or long-poll tab keeps one busy. The seventh tab waits. HTTP/2, one shared connection (shareTabs) or WebSocket mend that.";
    case "HTTP/2":
      return "Requests go over HTTP/2: all tabs share one connection with about a hundred streams, so SSE and long-poll are no burden to other tabs.";
    case "HTTP/3":
      return "Requests go over HTTP/3: all tabs share one connection, and a lost packet holds up only the stream that it belongs to.";
    case undefined:
      return "This browser does not say which version of HTTP it speaks with the server. Over HTTP/1.1 only six connections are open at a time, over all tabs.";
  }
}

interface BrandedNavigator extends Navigator {
  /** Chromium only. */
  readonly userAgentData?: {
    readonly brands: readonly { readonly brand: string; readonly version: string }[];
    readonly platform: string;
  };
}

/** Chromium puts a brand among the others that nobody may rely on. */
const NO_BRAND = /not.?a.?brand/i;

/** For people. */
export function browserName(): string {
  const { userAgentData, userAgent } = navigator as BrandedNavigator;
  const brand = userAgentData?.brands.filter((one) => !NO_BRAND.test(one.brand)).at(-1);
  return brand ? `${brand.brand} ${brand.version}, ${userAgentData?.platform}` : userAgent;
}

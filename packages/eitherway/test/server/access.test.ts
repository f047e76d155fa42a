import { describe, expect, test } from "vitest";
import { type AccessOptions, type Asking, createAccess } from "../../src/server/access.ts";

function asking(headers: Readonly<Record<string, string>>, secure = false): Asking {
  return { secure, header: (name) => headers[name] };
}

interface Case extends Partial<AccessOptions> {
  readonly headers: Readonly<Record<string, string>>;
  readonly secure?: boolean;
  /** Whether the request may change something. Default: it may. */
  readonly changes?: boolean;
}

/** `taken`, or the code of the refusal. */
function outcome({ headers, secure, changes = true, allowedOrigins = [], insecure = false }: Case): string {
  try {
    createAccess({ allowedOrigins, insecure }).check(asking(headers, secure), changes);
    return "taken";
  } catch (thrown) {
    return (thrown as { code: string }).code;
  }
}

const host = "localhost:8000";
const EVIL = "https://evil.example";

describe("hosts: without authentication only loopback names are answered, against DNS rebinding (P12)", () => {
  test.each(["localhost", "localhost:8000", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:8000", "[::1]", "[::1]:8000"])(
    "%s is answered",
    (name) => expect(outcome({ headers: { host: name } })).toBe("taken"),
  );

  test.each([
    "evil.example",
    "evil.example:8000",
    "localhost.evil.example",
    "evil-localhost",
    "localhost:",
    "localhost:8000.evil.example",
    "127.0.0.1.evil.example",
    "127.0.0.2",
    "0.0.0.0",
    "::1",
    "user@localhost",
    "localhost, evil.example",
    "",
  ])("%j is refused, also for reading", (name) => {
    expect(outcome({ headers: { host: name }, changes: false })).toBe("host-refused");
  });

  test("a request without one is refused", () => expect(outcome({ headers: {} })).toBe("host-refused"));

  test("insecure answers to any", () => {
    expect(outcome({ headers: { host: "evil.example" }, insecure: true })).toBe("taken");
  });

  test("a rebound page is refused although its origin is its own host", () => {
    const headers = { host: "evil.example:8000", origin: "http://evil.example:8000" };
    expect(outcome({ headers })).toBe("host-refused");
  });

  test("an allowed origin does not open another host", () => {
    expect(outcome({ headers: { host: "evil.example", origin: EVIL }, allowedOrigins: [EVIL] })).toBe("host-refused");
  });
});

describe("origins (P12)", () => {
  test.each<[string, Case, string]>([
    ["none, as curl and servers send it", { headers: { host } }, "taken"],
    ["the server's own", { headers: { host, origin: "http://localhost:8000" } }, "taken"],
    ["the server's own, over TLS", { headers: { host, origin: "https://localhost:8000" }, secure: true }, "taken"],
    [
      "the server's own, port 80 said aloud",
      { headers: { host: "localhost:80", origin: "http://localhost" } },
      "taken",
    ],
    [
      "the server's own, port 443 said aloud",
      { headers: { host: "localhost:443", origin: "https://localhost" }, secure: true },
      "taken",
    ],
    ["of another scheme", { headers: { host, origin: "https://localhost:8000" } }, "origin-refused"],
    [
      "of plain http at a TLS server",
      { headers: { host, origin: "http://localhost:8000" }, secure: true },
      "origin-refused",
    ],
    ["of another port", { headers: { host, origin: "http://localhost:3000" } }, "origin-refused"],
    ["of another name of this machine", { headers: { host, origin: "http://127.0.0.1:8000" } }, "origin-refused"],
    [
      "that starts like the server's own",
      { headers: { host, origin: "http://localhost:8000.evil.example" } },
      "origin-refused",
    ],
    ["of a stranger", { headers: { host, origin: EVIL } }, "origin-refused"],
    ["of a stranger, for reading", { headers: { host, origin: EVIL }, changes: false }, "origin-refused"],
    ["null: a sandbox or a file", { headers: { host, origin: "null" } }, "origin-refused"],
    ["empty", { headers: { host, origin: "" } }, "origin-refused"],
    ["on the list", { headers: { host, origin: EVIL }, allowedOrigins: [EVIL] }, "taken"],
    ["like one on the list", { headers: { host, origin: `${EVIL}.org` }, allowedOrigins: [EVIL] }, "origin-refused"],
    ["null, with a list", { headers: { host, origin: "null" }, allowedOrigins: [EVIL] }, "origin-refused"],
    [
      "the server's own, beside a list",
      { headers: { host, origin: "http://localhost:8000" }, allowedOrigins: [EVIL] },
      "taken",
    ],
    ["any, where * is allowed", { headers: { host, origin: EVIL }, allowedOrigins: ["*"] }, "taken"],
    ["null, where * is allowed", { headers: { host, origin: "null" }, allowedOrigins: ["*"] }, "taken"],
    ["none, of another site by its own word", { headers: { host, "sec-fetch-site": "cross-site" } }, "origin-refused"],
    [
      "none, of another site, only reading",
      { headers: { host, "sec-fetch-site": "cross-site" }, changes: false },
      "taken",
    ],
    [
      "none, of this site: an EventSource",
      { headers: { host, "sec-fetch-site": "same-origin" }, changes: false },
      "taken",
    ],
    ["none, of a person's address bar", { headers: { host, "sec-fetch-site": "none" } }, "taken"],
  ])("%s", (_, given, expected) => {
    expect(outcome(given)).toBe(expected);
  });

  test("the refusal names the origin, the server's own one and the option", () => {
    const access = createAccess({ allowedOrigins: [], insecure: false });
    expect(() => access.check(asking({ host, origin: EVIL }), true)).toThrow(
      /"https:\/\/evil\.example".*"http:\/\/localhost:8000".*allowedOrigins/,
    );
  });
});

describe("answer headers for pages of other origins", () => {
  const headers = (allowedOrigins: readonly string[], origin?: string): Readonly<Record<string, string>> =>
    createAccess({ allowedOrigins, insecure: false }).headers(
      asking({ host, ...(origin !== undefined && { origin }) }),
    );

  test("are none by default, whatever the origin", () => {
    expect(headers([], EVIL)).toEqual({});
    expect(headers([], "http://localhost:8000")).toEqual({});
  });

  test("name an origin of the list, and only then", () => {
    expect(headers([EVIL], EVIL)).toEqual({
      vary: "origin",
      "access-control-allow-origin": EVIL,
      "access-control-expose-headers": "retry-after",
    });
    expect(headers([EVIL], "https://other.example")).toEqual({ vary: "origin" });
    expect(headers([EVIL])).toEqual({ vary: "origin" });
  });

  test("say * where every origin is allowed, never the origin itself", () => {
    expect(headers(["*", EVIL], EVIL)["access-control-allow-origin"]).toBe("*");
  });

  test("say * to those without an origin too: a store may give that answer to a page", () => {
    expect(headers(["*"])).toEqual(headers(["*"], EVIL));
  });

  test("never allow credentials", () => {
    const access = createAccess({ allowedOrigins: [EVIL, "*"], insecure: true });
    const request = asking({ host, origin: EVIL, cookie: "a=b" });
    const all = { ...access.headers(request), ...access.preflight(request, "POST") };
    expect(Object.keys(all)).not.toContain("access-control-allow-credentials");
  });
});

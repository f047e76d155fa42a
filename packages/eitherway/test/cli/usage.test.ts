import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { readArguments } from "../../src/cli/flags.ts";
import { runToEnd } from "./support.ts";

describe("help", () => {
  test.each([["--help"], ["-h"]])("%s tells the commands, and the flags of serve", async (flag) => {
    const { code, out, err } = await runToEnd([flag]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    for (const part of ["serve", "tail CHANNEL", "publish CHANNEL [PAYLOAD]", "--port PORT", "[EITHERWAY_PORT]"]) {
      expect(out).toContain(part);
    }
  });

  test.each([
    [
      "serve",
      [
        "--port",
        "--host",
        "--tls-self-signed",
        "--insecure",
        "--allow-origin",
        "--retention-age",
        "--workers",
        "--limit",
      ],
    ],
    ["tail", ["--url", "--from", "--json", "--transport"]],
    ["token", ["--user", "--channels", "--expires", "--jwt-secret", "[EITHERWAY_JWT_SECRET]", "--jwks", "--explain"]],
    ["publish", ["--url", "--lines", "--text", "--json", "--event", "--key"]],
    ["advise", ["--use-case", "--upstream", "--hosting", "--measured", "--usual", "--json"]],
  ])("%s --help tells its flags and fits a terminal", async (command, flags) => {
    const { code, out } = await runToEnd([command, "--help"]);
    expect(code).toBe(0);
    for (const flag of [...flags, "--help", "--version"]) expect(out).toContain(flag);
    expect(Math.max(...out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(132);
  });

  test("--version is the package's", async () => {
    const manifest = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8"));
    expect(await runToEnd(["tail", "--version"])).toEqual({ code: 0, out: `${manifest.version}\n`, err: "" });
  });
});

describe("a wrong command line gets one sentence and exit code 2 (P12)", () => {
  test.each<[string[], RegExp]>([
    [["frobnicate"], /no command "frobnicate"; known: serve, tail, publish, token, .*advise/],
    [["--prot", "1"], /no flag --prot; "eitherway serve --help"/],
    [["tail", "a", "--prot"], /no flag --prot; "eitherway tail --help"/],
    [["-x"], /no flag -x/],
    [["--port"], /--port needs a value: --port PORT/],
    [["--port", "--insecure"], /--port needs a value/],
    [["--insecure=yes"], /--insecure takes no value/],
    [["--port", "http"], /port is "http"/],
    [["--port", "65536"], /port is "65536".*65535/],
    [["--port", "-1"], /port is "-1"/],
    [["serve", "8000"], /flags only; leave "8000" out/],
    [["--host", "0.0.0.0"], /0\.0\.0\.0 can be reached.*--insecure/],
    [["--tls-cert", "x"], /--tls-cert and --tls-key belong together/],
    [["--tls-cert", "/no/such", "--tls-key", "/no/such"], /--tls-cert cannot be read: ENOENT/],
    [["--tls-self-signed", "--tls-key", "x"], /not both/],
    [["--workers", "0"], /--workers is "0"; give the number of processes, 1 or more/],
    [["--workers", "two"], /--workers is "two"/],
    [["--workers", "2", "--tls-self-signed"], /a certificate of its own: give --tls-cert and --tls-key/],
    [["--workers", "2", "--limit", "links=0"], /limits\.links is 0/],
    [["--limit", "links"], /--limit is "links"; give NAME=VALUE/],
    [["--limit", "link=1"], /no limits\.link; known: messageBytes/],
    [["--limit", "links=0"], /limits\.links is 0/],
    [["--limit", "messageBytes=1 stone"], /limits\.messageBytes is "1 stone"/],
    [["--retention-age", "soon"], /retention\.ageMs is "soon"/],
    [["--allow-origin", "example.com"], /allowedOrigins has "example\.com"/],
    [["--trust-proxy", "all"], /--trust-proxy is "all"/],
    [["--base-path", "x/"], /base path "x\/"/],
    [["tail"], /tail takes one channel/],
    [["tail", "a", "b"], /tail takes one channel/],
    [["tail", "a//b"], /"a\/\/b" has an empty segment/],
    [["tail", "a", "--from", "yesterday"], /"yesterday"/],
    [["tail", "a", "--transport", "pigeon"], /--transport is "pigeon"/],
    [["tail", "a", "--url", "nowhere"], /url is "nowhere"/],
    [["publish"], /publish takes a channel and a payload/],
    [["publish", "a", "b", "c"], /in quotes/],
    [["publish", "a", "b", "--text", "--json"], /not both/],
    [["publish", "a", "b", "--lines"], /leave the payload out/],
    [["publish", "a", "--lines", "--key", "k"], /One --key cannot name many lines/],
    [["publish", "@a", "b"], /reserved/],
  ])("%j", async (argv, sentence) => {
    const { code, out, err } = await runToEnd(argv);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toMatch(sentence);
    expect(err).toMatch(/^[^\n]+\.\n$/);
  });

  test("of the environment as well", async () => {
    const { code, err } = await runToEnd([], { env: { EITHERWAY_INSECURE: "maybe" } });
    expect({ code, err }).toEqual({ code: 2, err: 'EITHERWAY_INSECURE is "maybe"; give 1 or 0.\n' });
  });

  test("publish does not wait for a person to type a payload", async () => {
    const { code, err } = await runToEnd(["publish", "a"], { terminal: true });
    expect({ code, err }).toEqual({ code: 2, err: expect.stringMatching(/no payload.*pipe it in/) });
  });
});

describe("flags", () => {
  const table = {
    port: { value: "PORT", help: "", mirrored: true, short: "p" },
    "allow-origin": { value: "ORIGIN", help: "", mirrored: true, many: true },
    insecure: { help: "", mirrored: true },
    json: { help: "" },
  };
  const read = (argv: string[], env: Record<string, string> = {}) => readArguments("x", table, argv, env);

  test("come from the command line, then from the environment", () => {
    const env = { EITHERWAY_PORT: "1", EITHERWAY_ALLOW_ORIGIN: "a, b", EITHERWAY_INSECURE: "1", EITHERWAY_JSON: "1" };
    const mirrored = read([], env).flags;
    expect(mirrored.text("port")).toBe("1");
    expect(mirrored.texts("allow-origin")).toEqual(["a", "b"]);
    expect([mirrored.on("insecure"), mirrored.on("json")]).toEqual([true, false]);
    const given = read(["--port=2", "--allow-origin", "c", "--allow-origin", "d", "-p", "3"], env).flags;
    expect(given.text("port")).toBe("3");
    expect(given.texts("allow-origin")).toEqual(["c", "d"]);
    expect(read([], { EITHERWAY_INSECURE: "0", EITHERWAY_PORT: "" }).flags.on("insecure")).toBe(false);
  });

  test("end at --, so that a payload may look like one", () => {
    expect(read(["room", "--", "--json"]).positionals).toEqual(["room", "--json"]);
  });
});

/** Breaks of tokens, keys and capabilities: each lets somebody in, or out, whom it should not. */

const MATCHER = "server/capabilities.ts";
const VERIFIER = "server/tokens/token-verifier.ts";
const CAPABILITY_TESTS = ["server/capabilities.test.ts"];
const VERIFIER_TESTS = ["server/tokens/token-verifier.test.ts", "server/tokens/forged-tokens.test.ts"];
const REVOCATION_TESTS = ["server/slow-authorize.test.ts", "server/revocation.test.ts"];
const KEY_TESTS = ["node/token-keys.test.ts"];

/** @type {readonly import("./mutants-list.js").Mutant[]} */
export const mutantsOfAuthority = [
  // --- capabilities ---
  {
    title: "a pattern allows channels below the one that it names",
    file: MATCHER,
    search: "segments.length !== wanted.length) return false;",
    replace: "segments.length < wanted.length) return false;",
    tests: CAPABILITY_TESTS,
  },
  {
    title: "** allows the channel before it",
    file: MATCHER,
    search: "isOpen ? segments.length <= wanted.length",
    replace: "isOpen ? segments.length < wanted.length",
    tests: CAPABILITY_TESTS,
  },
  {
    title: "a * in the name of a channel stands for any segment",
    file: MATCHER,
    search: "segment === ONE_SEGMENT || segment === segments[at]",
    replace: "segment === ONE_SEGMENT || segments[at] === ONE_SEGMENT || segment === segments[at]",
    tests: CAPABILITY_TESTS,
  },
  {
    title: "case of channel names does not count",
    file: MATCHER,
    search: "segment === segments[at])",
    replace: "segment.toLowerCase() === segments[at]?.toLowerCase())",
    tests: CAPABILITY_TESTS,
  },
  {
    title: "forms of Unicode do not count",
    file: MATCHER,
    search: 'const segments = channel.split("/");',
    replace: 'const segments = channel.normalize().split("/");',
    tests: CAPABILITY_TESTS,
  },
  {
    title: "wildcards reach the server's own logs",
    file: MATCHER,
    search: ' && !segment.startsWith("@")',
    replace: "",
    tests: CAPABILITY_TESTS,
  },
  {
    title: "a pattern allows every action",
    file: MATCHER,
    search: "pattern.actions.has(action) && fits",
    replace: "fits",
    tests: CAPABILITY_TESTS,
  },
  {
    title: "only the first pattern that fits counts",
    file: MATCHER,
    search: "patterns.some((pattern) => pattern.actions.has(action) && fits(pattern, segments))",
    replace: "patterns.find((pattern) => fits(pattern, segments))?.actions.has(action) === true",
    tests: CAPABILITY_TESTS,
  },
  {
    title: "a claim has as many patterns as it likes",
    file: MATCHER,
    search: "if (entries.length > MAX_PATTERNS) {",
    replace: "if (entries.length > MAX_PATTERNS * 2) {",
    tests: CAPABILITY_TESTS,
  },

  // --- tokens ---
  {
    title: "the token says by which algorithm it is checked",
    file: VERIFIER,
    search: "if (!algorithms.some((algorithm) => algorithm === alg)) {",
    replace: "if (alg === undefined) {",
    tests: VERIFIER_TESTS,
  },
  {
    title: "a secret of a few bytes is taken",
    file: "server/tokens/token-keys.ts",
    search: "if (length < MIN_SECRET_BYTES) {",
    replace: "if (length < 1) {",
    tests: VERIFIER_TESTS,
  },
  {
    title: "a public key is taken for a secret",
    file: "server/tokens/token-keys.ts",
    search: 'if (typeof secret === "string" && secret.includes("-----BEGIN ")) {',
    replace: 'if (secret === "-----BEGIN ") {',
    tests: VERIFIER_TESTS,
  },
  {
    title: "RSA keys that can be broken are taken",
    file: "server/tokens/token-keys.ts",
    search: "modulusLength < MIN_RSA_BITS",
    replace: "modulusLength < 512",
    tests: VERIFIER_TESTS,
  },
  {
    title: "a token for another service is taken where no audience is set",
    file: VERIFIER,
    search: 'if (!audience && Object.hasOwn(claims, "aud")) {',
    replace: "if (!audience && claims.aud === audience && claims.aud !== undefined) {",
    tests: VERIFIER_TESTS,
  },
  {
    title: "the issuer is not looked at",
    file: VERIFIER,
    search: "...(issuer && { issuer }),",
    replace: "",
    tests: VERIFIER_TESTS,
  },
  {
    title: "an expired token is unauthorized for good",
    file: VERIFIER,
    search: "if (thrown instanceof JWTExpired) {",
    replace: "if (thrown instanceof JWTExpired && thrown.claim === undefined) {",
    tests: VERIFIER_TESTS,
  },
  {
    title: "white space around a token is let through",
    file: VERIFIER,
    search: "if (!SIGNED.test(token))",
    replace: "if (!SIGNED.test(token.trim()))",
    tests: VERIFIER_TESTS,
  },
  {
    title: "a token has any length",
    file: VERIFIER,
    search: "if (token.length > MAX_TOKEN_LENGTH) {",
    replace: "if (token.length > MAX_TOKEN_LENGTH * 2) {",
    tests: VERIFIER_TESTS,
  },
  {
    title: "a kid has any length",
    file: VERIFIER,
    search: " || kid.length > MAX_KID_LENGTH",
    replace: "",
    tests: VERIFIER_TESTS,
  },
  {
    title: "a refusal has the claims in its cause",
    file: VERIFIER,
    search: 'return new EitherwayError("token-expired", "The token has expired; come back with a new one.");',
    replace: 'return new EitherwayError("token-expired", "The token has expired.", { cause: thrown });',
    tests: VERIFIER_TESTS,
  },
  {
    title: "a token from the future is taken",
    file: "server/tokens/read-grant.ts",
    search: "issuedAt > now + toleranceMs",
    replace: "issuedAt > now + toleranceMs * 1e6",
    tests: VERIFIER_TESTS,
  },
  {
    title: "what every object has is taken for a claim",
    file: "server/tokens/read-grant.ts",
    search: "Object.hasOwn(claims, claim) ? claims[claim] : undefined",
    replace: "claims[claim]",
    tests: VERIFIER_TESTS,
  },
  {
    title: "a grant ends before its token does",
    file: "server/tokens/read-grant.ts",
    search: "expiresAt: expiry + toleranceMs",
    replace: "expiresAt: expiry",
    tests: VERIFIER_TESTS,
  },

  // --- keys of issuers ---
  {
    title: "whoever makes up a kid makes this server ask the issuer",
    file: "server/tokens/remote-keys.ts",
    search: "if (!fetching && clock.now() >= mayFetchAt) {",
    replace: "if (!fetching) {",
    tests: KEY_TESTS,
  },
  {
    title: "a new key of the issuer is not looked for",
    file: "server/tokens/remote-keys.ts",
    search: "    await refresh();\n    const after",
    replace: "    if (!before) await refresh();\n    const after",
    tests: KEY_TESTS,
  },
  {
    title: "a token whose key may have come just now never comes back",
    file: "server/tokens/remote-keys.ts",
    search: "if (!after || after === before) throw notNow(failure);",
    replace: "if (!after) throw notNow(failure);",
    tests: KEY_TESTS,
  },
  {
    title: "tokens wait for an issuer that hangs although their key is at hand",
    file: "server/tokens/remote-keys.ts",
    search: "FRESH_MS) void refresh();",
    replace: "FRESH_MS) await refresh();",
    tests: KEY_TESTS,
  },
  {
    title: "old keys are forgotten while the issuer is away",
    file: "server/tokens/remote-keys.ts",
    search: "held.at <= STALE_MS",
    replace: "held.at <= FRESH_MS",
    tests: KEY_TESTS,
  },
  {
    title: "old keys are good for ever",
    file: "server/tokens/remote-keys.ts",
    search: "held.at <= STALE_MS",
    replace: "held.at <= STALE_MS * 1e6",
    tests: KEY_TESTS,
  },
  {
    title: "every key of the issuer is tried on a token that names none",
    file: "server/tokens/remote-keys.ts",
    search: "if (keys.length === MAX_CANDIDATES) break;",
    replace: "",
    tests: KEY_TESTS,
  },
  {
    title: "an issuer's answer has no end",
    file: "server/tokens/fetch-key-set.ts",
    search: "if (length > KEY_SET_BYTES) throw",
    replace: "if (length > KEY_SET_BYTES * 64) throw",
    tests: KEY_TESTS,
  },
  {
    title: "an issuer's redirect is followed",
    file: "server/tokens/fetch-key-set.ts",
    search: 'redirect: "manual"',
    replace: 'redirect: "follow"',
    tests: KEY_TESTS,
  },

  // --- API keys ---
  {
    title: "any text is an API key",
    file: "server/tokens/api-keys.ts",
    search: "return difference === 0;",
    replace: "return difference >= 0;",
    tests: ["server/tokens/api-keys.test.ts"],
  },
  {
    title: "a key of a few characters is taken",
    file: "server/tokens/api-keys.ts",
    search: "/^[!-~]{32,256}$/",
    replace: "/^[!-~]{1,256}$/",
    tests: ["server/tokens/api-keys.test.ts"],
  },

  // --- newer tokens, and what is taken back ---
  {
    title: "a link announces with the rights of its first token",
    file: "core/session.ts",
    search: "createAnnouncements(this.#hub, this, ",
    replace: "createAnnouncements(this.#hub, { who: this.who }, ",
    tests: REVOCATION_TESTS,
  },
  {
    title: "an older token that is found good later takes the place of a newer one",
    file: "core/guard.ts",
    search: "stopped || number < counts;",
    replace: "stopped;",
    tests: REVOCATION_TESTS,
  },
  {
    title: "what authorize says of an older token ends what a newer one allows",
    file: "core/guard.ts",
    search: "if (asked === who) takeBack",
    replace: "takeBack",
    tests: REVOCATION_TESTS,
  },
  {
    title: "a channel that waits for authorize is entered by the older token",
    file: "core/guard.ts",
    search: "for (const [channel, { from }] of [...entering]) askAgain(channel, from);",
    replace: "",
    tests: REVOCATION_TESTS,
  },
  {
    title: "a channel that is revoked while authorize is asked is entered",
    file: "core/guard.ts",
    search: "[...session.subscribed(), ...entering.keys()]",
    replace: "session.subscribed()",
    tests: REVOCATION_TESTS,
  },
];

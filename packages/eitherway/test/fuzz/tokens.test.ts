/**
 * Tokens with something changed: in what is signed, and then signed by the right key all the same, so that head and claims are read; or in
 * the text of the token itself. Each is a grant or refused by a typed error.
 *
 * `npm run test:long` gives it a million. A failure names its seed: EITHERWAY_FUZZ_SEED begins with it.
 */
import { describe, expect, test } from "vitest";
import type { Random } from "../../src/core/index.ts";
import { compileCapabilities, createApiKeys } from "../../src/server/tokens/index.ts";
import { createSeededRandom } from "../../src/testing/index.ts";
import { base64url, hmac, NOW, verifier } from "../server/tokens/support.ts";
import { createTextMutator } from "../support/mutator.ts";
import { wrongRefusal } from "./examine.ts";

const INPUTS = Number(process.env.EITHERWAY_FUZZ_INPUTS ?? 10_000);
const FIRST_SEED = Number(process.env.EITHERWAY_FUZZ_SEED ?? Date.now() % 2 ** 31);

/** Of both outcomes there are so many, or the claim would rest on inputs that never came to the interesting parts. */
const LEAST_SHARE = 0.01;

const CHANNELS = [
  '{"room/*":["subscribe","publish"],"news/**":["*"]}',
  '{"**":["history","call","presence"]}',
  '{"__proto__":["*"],"room/caf\u00e9":[]}',
];
const HEADS = [
  '{"alg":"HS256","typ":"JWT"}',
  '{"alg":"HS256","kid":"1"}',
  '{"alg":"RS256","crit":["b64"],"b64":false}',
];
const CLAIMS = CHANNELS.map(
  (channels, i) => `{"sub":"ana","jti":"t${i}","iat":${NOW - 1},"exp":${NOW + 60},"nbf":${NOW},"channels":${channels}}`,
);

const mutateHead = createTextMutator(HEADS);
const mutateClaims = createTextMutator(CLAIMS);
const mutateToken = createTextMutator(CLAIMS.map((claims) => signed(HEADS[0] as string, claims)));
const mutateChannels = createTextMutator(CHANNELS);

/** Not planted, as those of other tests are: ten thousand of them would be looked for. */
function signed(head: string, claims: string): string {
  const input = `${base64url(head)}.${base64url(claims)}`;
  return `${input}.${hmac()(input).toString("base64url")}`;
}

const KINDS: readonly ((random: Random) => string)[] = [
  (random) => signed(mutateHead(random), CLAIMS[0] as string),
  (random) => signed(HEADS[0] as string, mutateClaims(random)),
  mutateToken,
];

describe(`${INPUTS.toLocaleString("en-US")} inputs each, from seed ${FIRST_SEED}`, () => {
  test("tokens: a grant, or refused by a typed error (P9, P12)", async () => {
    const { verify } = verifier();
    const count = { granted: 0, refused: 0 };
    for (let i = 0; i < INPUTS; i++) {
      const seed = FIRST_SEED + i;
      const token = (KINDS[i % KINDS.length] as (random: Random) => string)(createSeededRandom(seed));
      try {
        const { expiresAt } = await verify(token);
        if (expiresAt !== undefined && !Number.isFinite(expiresAt)) expect.fail(`EITHERWAY_FUZZ_SEED=${seed}: no end`);
        count.granted++;
      } catch (thrown) {
        count.refused++;
        expectFairRefusal(thrown, seed, ["unauthorized", "token-expired"]);
      }
    }
    expectBoth(count);
  });

  test("capabilities and API keys: compiled, or refused by a typed error (P9, P12)", () => {
    const count = { granted: 0, refused: 0 };
    for (let seed = FIRST_SEED; seed < FIRST_SEED + INPUTS; seed++) {
      const channels = jsonOf(mutateChannels(createSeededRandom(seed))) as never;
      try {
        compileCapabilities(channels).allows("room/1", "publish");
        createApiKeys([{ key: "k".repeat(32), channels }]);
        count.granted++;
      } catch (thrown) {
        count.refused++;
        expectFairRefusal(thrown, seed, ["unauthorized", "bad-request"]);
      }
    }
    expectBoth(count);
  });
});

/** The text itself where it is no JSON any more: a claim may be of any type. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function expectFairRefusal(thrown: unknown, seed: number, codes: readonly string[]): void {
  const problem = wrongRefusal(thrown);
  if (problem !== undefined) expect.fail(`EITHERWAY_FUZZ_SEED=${seed}: ${problem}`);
  const { code } = thrown as { readonly code: string };
  if (!codes.includes(code)) expect.fail(`EITHERWAY_FUZZ_SEED=${seed}: the code is ${code}`);
}

function expectBoth({ granted, refused }: { readonly granted: number; readonly refused: number }): void {
  expect(granted).toBeGreaterThan(INPUTS * LEAST_SHARE);
  expect(refused).toBeGreaterThan(INPUTS * LEAST_SHARE);
}

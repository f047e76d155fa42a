/**
 * Who somebody is, for use cases that ask: a visitor says a name and gets a token for it, without a password, since what he does is his
 * only as long as he has that token. A user is the name and four characters, `Ana#4f2c`, so that two Anas are two.
 */
import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Authenticate } from "eitherway";
import { answerJson, HttpError, readJson } from "./json-http.ts";
import { createTokens } from "./tokens.ts";

export interface Login {
  /** For `eitherway`. */
  readonly auth: Authenticate;
  /**
   * Answers `POST` at this path: `{ name }`, with `{ token }` of before to stay who one is, gets `{ user, token, expiresAt }`.
   *
   * @returns answers a request; `false`: it is for something else
   */
  at(path: string): (request: IncomingMessage, response: ServerResponse) => boolean;
}

const LIFE_MS = 12 * 60 * 60 * 1_000;
const MOST_NAME = 24;

/** @param secret signs the tokens: 32 bytes or more */
export function createLogin(secret: Uint8Array): Login {
  const { sign, grantOf, auth } = createTokens({ secret, lifeMs: LIFE_MS });

  async function enter({ name, token }: Asked): Promise<object | undefined> {
    const known = token === undefined ? undefined : await grantOf(token).catch(() => undefined);
    const wanted = nameOf(name);
    if (wanted === undefined) return undefined;
    const user = known?.user?.startsWith(`${wanted}#`) ? known.user : `${wanted}#${randomBytes(2).toString("hex")}`;
    return { user, ...(await sign(user)) };
  }

  async function answer(request: IncomingMessage): Promise<object> {
    const asked = readAsked(await readJson(request));
    const entered = asked && (await enter(asked));
    if (entered) return entered;
    throw new HttpError(400, `Send {"name": "…"} with 1 to ${MOST_NAME} characters, none of them a #.`);
  }

  return {
    auth,
    at: (path) => (request, response) => {
      if (request.url !== path || request.method !== "POST") return false;
      void answerJson(response, () => answer(request));
      return true;
    },
  };
}

interface Asked {
  readonly name: string;
  readonly token: string | undefined;
}

function readAsked(body: unknown): Asked | undefined {
  const { name, token } = Object(body) as { readonly name?: unknown; readonly token?: unknown };
  return typeof name === "string" ? { name, token: typeof token === "string" ? token : undefined } : undefined;
}

/** Letters as people write them; nothing that could look like another user, or like nothing. */
function nameOf(given: string): string | undefined {
  const name = given.trim().replace(/\s+/g, " ");
  return name !== "" && name.length <= MOST_NAME && !/[#\p{C}]/u.test(name) ? name : undefined;
}

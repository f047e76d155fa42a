/** `eitherway token`: makes a token, or explains one. */
import type { Command } from "../command.ts";
import type { Arguments } from "../flags.ts";
import { readLines } from "../lines.ts";
import type { Output } from "../output.ts";
import { EXIT, type Surroundings, UsageError } from "../surroundings.ts";
import { explain } from "./explain.ts";
import { MINT_FLAGS, mint } from "./mint.ts";
import { readVerifierOptions, TOKEN_FLAGS } from "./token-options.ts";

export const tokenCommand: Command = {
  name: "token",
  parameters: "",
  summary: "Makes a token (JWT) for a user, or explains one.",
  flags: {
    ...MINT_FLAGS,
    ...TOKEN_FLAGS,
    explain: { value: "TOKEN", help: "says what a token is and allows, and what is wrong with it; -: standard input" },
  },
  notes: [
    "Makes one with --jwt-secret or --jwt-private-key, by the algorithm of the key, and prints nothing else.",
    'CHANNELS: {"room/*":["subscribe","publish"],"news/**":["*"]}: * is one segment, ** at the end one or more; the actions are',
    "subscribe, publish, presence, history, call, or * for all. @FILE reads it from a file.",
    "Explaining checks the signature where a key is given. Exit code 1: a server with these settings would not take the token.",
  ],
  run,
};

async function run({ flags, positionals }: Arguments, surroundings: Surroundings, output: Output): Promise<number> {
  // Not repeated: what stands in the wrong place here may be a secret.
  if (positionals.length > 0) throw new UsageError("token takes flags only; a token to explain follows --explain.");
  const asked = flags.text("explain");
  if (asked === undefined) {
    await output.data(await mint(flags));
    return EXIT.ok;
  }
  const token = asked === "-" ? await readToken(surroundings) : asked;
  const { lines, isWrong } = await explain(token, await readVerifierOptions(flags));
  await output.data(lines.join("\n"));
  return isWrong ? EXIT.failed : EXIT.ok;
}

/** The first line that has something. */
async function readToken({ stdin }: Surroundings): Promise<string> {
  if ("isTTY" in stdin && stdin.isTTY === true) throw new UsageError("There is no token; pipe one in.");
  for await (const line of readLines(stdin)) {
    const text = Buffer.from(line).toString("utf8").trim();
    if (text !== "") return text;
  }
  throw new UsageError("Standard input is empty; pipe a token in.");
}

/** The command line: finds the command, reads its arguments, and turns what goes wrong into a sentence and an exit code. */
import { isEitherwayError } from "../protocol/index.ts";
import { adviseCommand } from "./advise/advise-command.ts";
import type { Command } from "./command.ts";
import { compareCommand } from "./compare/compare-command.ts";
import { doctorCommand } from "./doctor/doctor-command.ts";
import { type Flags, flagLines, readArguments } from "./flags.ts";
import { createOutput } from "./output.ts";
import { publishCommand } from "./publish.ts";
import { serveCommand } from "./serve.ts";
import { EXIT, type Surroundings, UsageError } from "./surroundings.ts";
import { tailCommand } from "./tail.ts";
import { tokenCommand } from "./token/token-command.ts";
import { readVersion } from "./version.ts";

const COMMANDS: readonly Command[] = [
  serveCommand,
  tailCommand,
  publishCommand,
  tokenCommand,
  compareCommand,
  doctorCommand,
  adviseCommand,
];

const COMMON_FLAGS: Flags = {
  help: { short: "h", help: "shows this" },
  version: { short: "v", help: "shows the version" },
};

/** Runs one command line and resolves with its exit code: 0, 1 for what failed, 2 for a wrong command line. */
export async function runCli(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const output = createOutput(surroundings);
  try {
    const named = argv[0] !== undefined && !argv[0].startsWith("-");
    const command = named ? COMMANDS.find(({ name }) => name === argv[0]) : serveCommand;
    if (!command) {
      const known = COMMANDS.map(({ name }) => name).join(", ");
      throw new UsageError(`There is no command ${JSON.stringify(argv[0])}; known: ${known}.`);
    }
    const table = { ...command.flags, ...COMMON_FLAGS };
    const given = readArguments(command.name, table, named ? argv.slice(1) : argv, surroundings.env);
    if (given.flags.on("version")) await output.data(await readVersion());
    else if (given.flags.on("help")) await output.data((named ? helpOf(command) : help()).join("\n"));
    else return await command.run(given, surroundings, output);
    return EXIT.ok;
  } catch (thrown) {
    const expected = thrown instanceof UsageError || isEitherwayError(thrown);
    output.say(
      expected ? thrown.message : `This is a defect of Eitherway: ${String((thrown as Error)?.stack ?? thrown)}`,
    );
    return thrown instanceof UsageError ? EXIT.usage : EXIT.failed;
  }
}

function help(): string[] {
  return [
    "Usage: eitherway [command] [flags]",
    "",
    ...COMMANDS.map((command) => `  ${usageOf(command).padEnd(USAGE_WIDTH)}${command.summary}`),
    "",
    "Without a command: serve. Each command has its own --help.",
    "",
    ...helpOf(serveCommand),
  ];
}

const USAGE_WIDTH = 32; // the longest usage and a gap

function helpOf(command: Command): string[] {
  return [
    `Usage: eitherway ${usageOf(command)} [flags]`,
    "",
    command.summary,
    "",
    ...flagLines({ ...command.flags, ...COMMON_FLAGS }),
    ...(command.notes.length > 0 ? ["", ...command.notes] : []),
  ];
}

function usageOf({ name, parameters }: Command): string {
  return parameters === "" ? name : `${name} ${parameters}`;
}

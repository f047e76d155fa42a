/** Flags of a command: read from arguments and environment, and shown by `--help`, from one table. */
import { parseArgs } from "node:util";
import { UsageError } from "./surroundings.ts";

export interface Flag {
  /** What stands for the value in the help, as in `--port PORT`. Without it the flag is a switch. */
  readonly value?: string;
  readonly help: string;
  /** May be given several times. */
  readonly many?: boolean;
  /** One letter. */
  readonly short?: string;
  /** The environment may set it: `EITHERWAY_` and its name in capitals. */
  readonly mirrored?: boolean;
}

export type Flags = Readonly<Record<string, Flag>>;

/** Readers check the shape that they need: a flag that has a value is text. */
export interface GivenFlags {
  /** The value of a flag, the last one where it is given again. */
  text(name: string): string | undefined;
  texts(name: string): readonly string[];
  on(name: string): boolean;
}

export interface Arguments {
  readonly flags: GivenFlags;
  readonly positionals: readonly string[];
}

/** Arguments win over the environment. Throws `UsageError` for a flag that is not in the table, or lacks its value. */
export function readArguments(
  command: string,
  table: Flags,
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Arguments {
  const options = Object.fromEntries(
    Object.entries(table).map(([name, flag]) => [
      name,
      { type: flag.value ? "string" : "boolean", ...(flag.short && { short: flag.short }) } as const,
    ]),
  );
  // Not strict: the sentences about what is wrong are ours.
  const { tokens, positionals } = parseArgs({ args: [...argv], options, strict: false, tokens: true });
  const given = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const { name, rawName, value, inlineValue } = token;
    const flag = Object.hasOwn(table, name) ? table[name] : undefined;
    if (!flag) throw new UsageError(`There is no flag ${rawName}; "eitherway ${command} --help" shows all.`);
    if (!flag.value && value !== undefined) throw new UsageError(`Flag ${rawName} takes no value; leave ${value} out.`);
    if (flag.value && (value === undefined || (!inlineValue && value.startsWith("--")))) {
      throw new UsageError(`Flag ${rawName} needs a value: ${rawName} ${flag.value}.`);
    }
    given.set(name, [...(given.get(name) ?? []), value ?? "true"]);
  }
  for (const [name, flag] of Object.entries(table)) {
    const value = flag.mirrored && !given.has(name) ? env[environmentName(name)] : undefined;
    if (value === undefined || value === "") continue;
    if (flag.value) given.set(name, flag.many ? value.split(",").map((item) => item.trim()) : [value]);
    else if (isOn(value, environmentName(name))) given.set(name, ["true"]);
  }
  const texts = (name: string): readonly string[] => given.get(name) ?? [];
  return { positionals, flags: { texts, text: (name) => texts(name).at(-1), on: (name) => given.has(name) } };
}

/** The lines of the help about a table of flags. */
export function flagLines(table: Flags): string[] {
  const rows = Object.entries(table).map(([name, flag]) => {
    const short = flag.short ? `-${flag.short}, ` : "    ";
    const mirror = flag.mirrored ? ` [${environmentName(name)}]` : "";
    return { left: `  ${short}--${name}${flag.value ? ` ${flag.value}` : ""}`, right: flag.help + mirror };
  });
  const width = Math.max(...rows.map(({ left }) => left.length));
  return rows.map(({ left, right }) => `${left.padEnd(width)}  ${right}`);
}

/** `EITHERWAY_TLS_CERT` for `tls-cert`. */
function environmentName(flag: string): string {
  return `EITHERWAY_${flag.toUpperCase().replaceAll("-", "_")}`;
}

function isOn(value: string, name: string): boolean {
  if (["1", "true", "yes"].includes(value.toLowerCase())) return true;
  if (["0", "false", "no"].includes(value.toLowerCase())) return false;
  throw new UsageError(`${name} is ${JSON.stringify(value)}; give 1 or 0.`);
}

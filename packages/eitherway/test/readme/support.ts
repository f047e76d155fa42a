/** Reads a text for people as what it promises: commands with what they print, and programs. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../../..", import.meta.url));

export function readText(path: string): Promise<string> {
  return readFile(ROOT + path, "utf8");
}

export interface Command {
  /** One line for a shell. */
  readonly line: string;
  /** What it prints, in this order; `…` stands for anything. */
  readonly prints: readonly string[];
}

/** Commands are lines of blocks marked `sh`; lines behind them that start with `#>` are what they print. */
export function commandsOf(markdown: string): Command[] {
  const commands: { line: string; prints: string[] }[] = [];
  for (const { body } of blocksOf(markdown).filter(({ info }) => info === "sh")) {
    for (const line of body.split("\n").filter((text) => text !== "")) {
      if (line.startsWith("#> ")) commands.at(-1)?.prints.push(line.slice(3));
      else commands.push({ line, prints: [] });
    }
  }
  return commands;
}

/** Programs are blocks marked `ts` or `tsx` and a file name. */
export function programsOf(markdown: string): ReadonlyMap<string, string> {
  const programs = blocksOf(markdown).flatMap(({ info, body }) => {
    const name = /^tsx? (\S+)$/.exec(info)?.[1];
    return name === undefined ? [] : [[name, body] as const];
  });
  return new Map(programs);
}

/** Targets of links into this repository, without what follows `#`. */
export function linksOf(markdown: string): string[] {
  return [...markdown.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map((match) => match[1] as string);
}

/** The cells of every table, row by row, without backticks. */
export function rowsOf(markdown: string): string[][] {
  return [...markdown.matchAll(/^\| (.*) \|$/gm)].map((match) =>
    (match[1] as string).split(" | ").map((cell) => cell.replaceAll("`", "").trim()),
  );
}

/** A regular expression that finds the printed lines in this order. */
export function printed(lines: readonly string[]): RegExp {
  const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(lines.map((line) => line.split("…").map(literally).join("[^\\n]*")).join(".*"), "s");
}

function blocksOf(markdown: string): { info: string; body: string }[] {
  return [...markdown.matchAll(/^```([^\n]*)\n(.*?)^```$/gms)].map((match) => ({
    info: match[1] as string,
    body: match[2] as string,
  }));
}

/** PROTOCOL.md must stay true: every rule has its own number and tests that exist, and its tables are the code's. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { closeNumber, ERROR_CODES, httpStatus, SUBPROTOCOLS } from "../../src/protocol/index.ts";

const PACKAGE = fileURLToPath(new URL("../../", import.meta.url));
const text = readFileSync(`${PACKAGE}../../PROTOCOL.md`, "utf8");

interface Rule {
  readonly number: string;
  readonly statement: string;
  readonly tests: readonly { readonly file: string; readonly title: string }[];
}

/** A rule is a paragraph that starts with its number in bold; its last line names the tests. */
function readRules(): Rule[] {
  return [...`${text}\n`.matchAll(/^\*\*([A-Z][0-9]+)\*\* ([\s\S]*?)(?=\n\n)/gm)].map(([, number = "", body = ""]) => {
    const [statement = "", tests = ""] = body.split("\nTests: ");
    const named = [...tests.matchAll(/(\S+\.ts) "([^"]+)"/g)];
    return { number, statement, tests: named.map(([, file = "", title = ""]) => ({ file, title })) };
  });
}

const rules = readRules();

describe("rules", () => {
  test("there are some of every section, and every number in bold is one", () => {
    expect(new Set(rules.map(({ number }) => number[0]))).toEqual(new Set("INJBLUCDKEXWHVTMAS"));
    expect([...text.matchAll(/^\*\*[A-Z][0-9]+\*\*/gm)]).toHaveLength(rules.length);
  });

  test("are numbered without repeats and without holes", () => {
    const letters = [...new Set(rules.map(({ number }) => number[0] ?? ""))];
    const wanted = letters.flatMap((letter) => {
      const all = rules.filter(({ number }) => number.startsWith(letter));
      return all.map((_, i) => `${letter}${i + 1}`);
    });
    expect(rules.map(({ number }) => number)).toEqual(wanted);
  });

  test.each(rules)("$number says something and names tests that exist", ({ statement, tests }) => {
    expect(statement.length).toBeGreaterThan(20);
    expect(tests.length).toBeGreaterThan(0);
    for (const { file, title } of tests) {
      expect(existsSync(PACKAGE + file), file).toBe(true);
      expect(titlesOf(file), `a title in ${file}`).toContain(title);
    }
  });

  test("that sources and tests cite are there", () => {
    const known = new Set(rules.map(({ number }) => number));
    for (const file of readdirSync(`${PACKAGE}src`, { recursive: true, encoding: "utf8" })) {
      if (!file.endsWith(".ts")) continue;
      const source = readFileSync(`${PACKAGE}src/${file}`, "utf8");
      for (const [, from = "", to = from] of source.matchAll(
        /PROTOCOL\.md, rules? ([A-Z][0-9]+)(?:-([A-Z][0-9]+))?/g,
      )) {
        expect(known, file).toContain(from);
        expect(known, file).toContain(to);
      }
      for (const [, section = ""] of source.matchAll(/PROTOCOL\.md, section ([0-9]+)/g)) {
        expect(text, file).toContain(`\n## ${section}. `);
      }
    }
  });
});

/** Every line of a test file that has a title in it, or a row of a table of cases. Comments and code are none. */
function titlesOf(file: string): string {
  const source = readFileSync(PACKAGE + file, "utf8");
  return source
    .split("\n")
    .filter((line) => /["'`]/.test(line) && !/^\s*(?:\/\/|\*|\/\*|import )/.test(line))
    .join("\n");
}

describe("tables", () => {
  test("the codes, their numbers and statuses are those of the code, in its order", () => {
    const rows = [...text.matchAll(/^\| `([a-z0-9-]+)` \| ([0-9]+) \| ([0-9]+) \| .+ \|$/gm)];
    expect(rows.map(([, code, number, status]) => [code, Number(number), Number(status)])).toEqual(
      ERROR_CODES.map((code) => [code, closeNumber(code), httpStatus(code)]),
    );
  });

  test("the subprotocols are those of the code", () => {
    for (const name of Object.values(SUBPROTOCOLS)) expect(text).toContain(`\`${name}\``);
  });
});

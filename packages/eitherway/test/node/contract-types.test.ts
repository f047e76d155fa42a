/** What an editor shows and what the compiler costs: asked of TypeScript itself, over the sources of the package. */
import { join } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";

const HERE = import.meta.dirname;
const OPTIONS: ts.CompilerOptions = {
  strict: true,
  exactOptionalPropertyTypes: true,
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  allowImportingTsExtensions: true,
  rewriteRelativeImportExtensions: true,
  erasableSyntaxOnly: true,
  noEmit: true,
  skipLibCheck: true,
  lib: ["lib.es2023.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts", "lib.dom.asynciterable.d.ts"],
  types: [],
};

const HEAD = `
  import { createClient } from "../../src/client/index.ts";
  import { channel, contract, latest, text, volatile } from "../../src/contract/index.ts";
  import { z } from "zod";
`;

/** Compiles a program of one file that is in memory only, in the folder of this test. */
function compile(source: string) {
  const file = join(HERE, "in-memory.ts");
  const host: ts.LanguageServiceHost = {
    getScriptFileNames: () => [file],
    getScriptVersion: () => "1",
    getScriptSnapshot(path) {
      const content = path === file ? source : ts.sys.readFile(path);
      return content === undefined ? undefined : ts.ScriptSnapshot.fromString(content);
    },
    getCurrentDirectory: () => HERE,
    getCompilationSettings: () => OPTIONS,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: (path) => path === file || ts.sys.fileExists(path),
    readFile: (path) => (path === file ? source : ts.sys.readFile(path)),
    directoryExists: ts.sys.directoryExists,
    getDirectories: ts.sys.getDirectories,
  };
  const service = ts.createLanguageService(host);
  const problems = service
    .getSemanticDiagnostics(file)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " "));
  const hover = (text: string): string => {
    const { displayParts = [] } = service.getQuickInfoAtPosition(file, source.indexOf(text)) ?? {};
    return displayParts
      .map((part) => part.text)
      .join("")
      .replace(/\s+/g, " ");
  };
  const program = service.getProgram() as ts.Program;
  const instantiations = program.getInstantiationCount();
  return { problems, hover, instantiations };
}

/** A compiler on a busy machine. */
const COMPILE_MS = 120_000;

test(
  "hovering shows plain names and types: what a program works with, and nothing of schemas",
  () => {
    const { problems, hover } = compile(`${HEAD}
    const app = contract({
      room: channel("room/:id", {
        events: { message: z.object({ text: z.string().max(4000) }), typing: volatile(z.object({ who: z.string() })) },
        presence: z.object({ name: z.string() }),
      }),
    });
    const client = createClient(app, { url: "/eitherway" });
    const room = client.channel("room", { id: "42" });
    room.on("message", (said, about) => console.log(said, about));
  `);
    expect(problems).toEqual([]);
    expect(hover("room = client")).toBe(
      "const room: TypedChannel<{ readonly id: string; }, { message: { text: string; }; typing: { who: string; }; }, {}, { name: string; }, {}, never>",
    );
    expect(hover("said, about")).toBe("(parameter) said: { text: string; }");
    expect(hover("about)")).toBe("(parameter) about: MessageMeta");
  },
  COMPILE_MS,
);

/** With the processor's time, which busy neighbours change little. */
function measure(body: string) {
  const begin = process.cpuUsage();
  const compiled = compile(HEAD + body);
  return { ...compiled, ms: process.cpuUsage(begin).user / 1_000 };
}

/** What took 1.4 s more on two busy cores, and a quarter; a count, since times say as much of the machine. */
const MOST_INSTANTIATIONS = 240_000;

test(
  "a contract of 100 channels costs the compiler little",
  () => {
    const names = Array.from({ length: 100 }, (_, i) => i);
    const channels = names.map(
      (i) => `
      room${i}: channel("room${i}/:id/:part", {
        events: {
          message: z.object({ text: z.string(), n${i}: z.number() }),
          typing: volatile(z.object({ who: z.string() })),
          tick: latest(z.object({ symbol: z.string(), price: z.number() }), { key: ({ symbol }) => symbol }),
        },
        calls: { send: { in: z.object({ text: z.string() }), out: z.object({ id: z.string() }) } },
        presence: z.object({ name: z.string() }),
        streams: { answer: text() },
      }),`,
    );
    const uses = names.map(
      (i) => `client.channel("room${i}", { id: "1", part: "2" }).on("message", ({ n${i} }) => n${i}.toFixed());`,
    );
    // First, so that it is the one which warms up. The same schemas and the same number of handlers, without what ties them together.
    const base = measure(`
    const schemas = [${channels.map((text) => [...text.matchAll(/z\.object\(\{[^}]*\}\)/g)].join()).join()}];
    const client = createClient({ url: "/eitherway" });
    ${names.map((i) => `client.channel<{ n: number }>("room${i}").on("message", ({ n }) => n.toFixed());`).join("\n")}`);
    const whole = measure(`
    const app = contract({ ${channels.join("")} });
    const client = createClient(app, { url: "/eitherway" });
    ${uses.join("\n")}`);
    const added = whole.instantiations - base.instantiations;
    console.log(
      `100 channels: ${added} instantiations and ${Math.round(whole.ms - base.ms)} ms more than their schemas alone`,
    );
    expect([whole.problems, base.problems]).toEqual([[], []]);
    expect(added).toBeLessThan(MOST_INSTANTIATIONS);
  },
  COMPILE_MS,
);

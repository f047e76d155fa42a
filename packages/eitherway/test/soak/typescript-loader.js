/**
 * Lets Node 20 run the sources as they are: `node --import ./typescript-loader.js program.ts`. Types are only taken off; that
 * they are right is the business of `npm run check`.
 */
import { readFile } from "node:fs/promises";
import { register } from "node:module";
import { fileURLToPath } from "node:url";
import { isMainThread } from "node:worker_threads";
import ts from "typescript";

// Node runs hooks in a thread of their own, where this same file is what it asks.
if (isMainThread) register(import.meta.url);

/**
 * @param {string} url
 * @param {import("node:module").LoadHookContext} context
 * @param {(url: string, context: import("node:module").LoadHookContext) => Promise<import("node:module").LoadFnOutput>} next
 */
export async function load(url, context, next) {
  if (!url.endsWith(".ts")) return next(url, context);
  const { outputText } = ts.transpileModule(await readFile(new URL(url), "utf8"), {
    fileName: fileURLToPath(url),
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
      inlineSourceMap: true,
    },
  });
  return { format: "module", source: outputText, shortCircuit: true };
}

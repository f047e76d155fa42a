/** Rules about files that no other tool checks. Each gives its complaints, one line each; none is good. */
import { homedir } from "node:os";
import { ROOT } from "./root.js";
import { readSource, sourceFiles } from "./source-files.js";

const MAX_LINES = 400; // more than one sitting; beyond, split the file or say at its head why not
const HEAD_LINES = 12;
const CODE = /\.(?:[cm]?[jt]sx?|css|html)$/;
const REASON = /over 400 lines/i;

/** No file of code is over 400 lines, unless the comment at its head says "Over 400 lines because ...". */
export function longFiles() {
  return sourceFiles()
    .filter((path) => CODE.test(path))
    .flatMap((path) => {
      const lines = readSource(path).trimEnd().split("\n");
      if (lines.length <= MAX_LINES || REASON.test(lines.slice(0, HEAD_LINES).join("\n"))) return [];
      return [`${path} has ${lines.length} lines; split it, or say at its head why it is over ${MAX_LINES} lines.`];
    });
}

/** The lock file says what is installed, never from where. */
export function lockHosts() {
  const { packages } = JSON.parse(readSource("package-lock.json"));
  return Object.entries(packages).flatMap(([path, { resolved, integrity, link }]) => {
    if (/^[a-z+]+:/.test(resolved ?? "")) {
      return [`package-lock.json: ${path} is resolved to ${resolved}; remove the field (see .npmrc).`];
    }
    const outside = path.includes("node_modules/") && !link;
    return outside && !integrity ? [`package-lock.json: ${path} has no integrity hash.`] : [];
  });
}

// Not after a letter, dot or slash: "a/home/b" and URLs are no paths of a machine.
const MACHINE_PATH = /(?<![\w.~/:-])(?:\/(?:home|Users)\/[\w.-]+|[A-Z]:\\\\?Users\\)/;

/** What only exists on one machine does not belong in the repository. */
export function machinePaths() {
  const here = [ROOT.replace(/[/\\]$/, ""), homedir()].filter((path) => path.length > 1).map(asPath);
  const patterns = [MACHINE_PATH, ...here];
  return sourceFiles().flatMap((path) =>
    readSource(path)
      .split("\n")
      .flatMap((line, index) => {
        const found = patterns.map((pattern) => pattern.exec(line)?.[0]).find((text) => text !== undefined);
        return found === undefined ? [] : [`${path}:${index + 1} names ${found}, a path of one machine.`];
      }),
  );
}

/** @param {string} path */
function asPath(path) {
  return new RegExp(`(?<![\\w.~/:-])${path.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\w-])`);
}

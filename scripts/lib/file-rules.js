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

/** Nothing that comes with the package runs a program when it is installed. */
export function installScripts() {
  const { packages } = JSON.parse(readSource("package-lock.json"));
  return [...comesWith("packages/eitherway", packages)]
    .filter((path) => packages[path].hasInstallScript)
    .map((path) => `package-lock.json: ${path} comes with the package and has an install script.`);
}

/**
 * @param {string} root of a package
 * @param {Readonly<Record<string, { dependencies?: object, optionalDependencies?: object }>>} packages of the lock file, by path
 * @returns {ReadonlySet<string>} it and all that it brings
 */
function comesWith(root, packages) {
  const paths = new Set([root]);
  for (const path of paths) {
    const { dependencies, optionalDependencies } = packages[path] ?? {};
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const found = placeOf(name, path, packages);
      if (found !== undefined) paths.add(found);
    }
  }
  return paths;
}

/**
 * Where Node finds a package: the nearest one, from the folder of who asks upwards.
 * @param {string} name
 * @param {string} from
 * @param {Readonly<Record<string, unknown>>} packages
 */
function placeOf(name, from, packages) {
  const folders = from.split("/");
  for (let length = folders.length; length >= 0; length--) {
    const path = [...folders.slice(0, length), "node_modules", name].join("/");
    if (path in packages) return path;
  }
  return undefined;
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

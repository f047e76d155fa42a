/**
 * Imports point one way (see docs/architecture.md). Each folder of the package names the folders it may import;
 * anything else, and any cycle, fails `npm run check`. `npm run layers` draws what there is.
 */
const MAY_IMPORT = {
  protocol: [],
  core: ["protocol"],
  transports: ["protocol", "core"],
  client: ["protocol"],
  contract: ["protocol", "client"],
  react: ["protocol", "client", "contract"],
  server: ["protocol", "core", "transports", "contract"],
  fetch: ["protocol", "core", "transports", "server", "contract"],
  node: ["protocol", "core", "transports", "server", "fetch", "contract"],
  file: ["protocol", "core"],
  workers: ["protocol", "core", "server", "node", "contract"],
  instrument: [],
  redis: ["protocol", "core"],
  testing: ["protocol", "core", "transports", "server", "node", "client", "contract"],
  cli: [
    "protocol",
    "core",
    "transports",
    "server",
    "node",
    "file",
    "redis",
    "workers",
    "client",
    "instrument",
    "testing",
  ],
};

const SRC = "^packages/eitherway/src/";
/** An entry of its own inside `server`. */
const TOKENS = `${SRC}server/tokens/`;
const PACKAGES = ["core", "npm", "npm-dev", "npm-optional", "npm-peer", "npm-no-pkg", "npm-unknown"];

const folderRules = Object.entries(MAY_IMPORT).map(([folder, allowed]) => ({
  name: `${folder}-imports-only-${allowed.join("-") || "itself"}`,
  severity: "error",
  from: { path: `${SRC}${folder}/` },
  to: { path: SRC, pathNot: [folder, ...allowed].map((name) => `${SRC}${name}/`) },
}));

module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    {
      name: "imports-lead-somewhere",
      comment: "?worker&url: Vite's, of a module that is bundled as a worker",
      severity: "error",
      from: {},
      to: { couldNotResolve: true, pathNot: "\\?worker&url$" },
    },
    ...folderRules,
    {
      name: "every-folder-has-its-rule",
      comment: "a new folder of src gets a line in MAY_IMPORT",
      severity: "error",
      from: { path: SRC, pathNot: Object.keys(MAY_IMPORT).map((folder) => `${SRC}${folder}/`) },
      to: {},
    },
    {
      name: "pure-folders-import-no-package",
      comment:
        "protocol, core, transports, contract, server, fetch and instrument are written against ports: no Node module, no dependency",
      severity: "error",
      from: { path: `${SRC}(protocol|core|transports|contract|server|fetch|instrument)/`, pathNot: TOKENS },
      to: { dependencyTypes: PACKAGES },
    },
    {
      name: "tokens-import-jose-alone",
      comment: "which needs web standards only; the rest of server reaches tokens through what is passed in",
      severity: "error",
      from: { path: TOKENS },
      to: { dependencyTypes: PACKAGES, pathNot: "node_modules/jose/" },
    },
    {
      name: "tokens-are-an-entry-of-their-own",
      comment: "whoever has other ways to tell who somebody is does not load jose",
      severity: "error",
      from: { path: `${SRC}(?!cli/)`, pathNot: TOKENS },
      to: { path: TOKENS },
    },
    {
      name: "browser-client-imports-no-package",
      comment: "what browsers load of the client is ours alone; files named *.node.ts are its Node half",
      severity: "error",
      from: { path: `${SRC}client/`, pathNot: "[.]node[.]ts$" },
      to: { dependencyTypes: PACKAGES },
    },
    {
      name: "redis-is-an-entry-of-its-own",
      comment: "whoever has one server does not load ioredis; the command line loads it when asked to",
      severity: "error",
      from: { path: SRC, pathNot: `${SRC}redis/` },
      to: { path: `${SRC}redis/`, dynamic: false },
    },
    {
      name: "package-imports-nothing-around-it",
      severity: "error",
      from: { path: SRC },
      to: { path: "^(packages/eitherway/(test|bin)|apps|scripts)/" },
    },
    {
      name: "apps-use-the-exports",
      comment: "an application of ours imports what any other can: the exports of the package",
      severity: "error",
      from: { path: "^apps/" },
      to: { path: SRC },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "/dist/" },
    tsPreCompilationDeps: true, // type imports count
    enhancedResolveOptions: {
      extensions: [".ts", ".js"],
      exportsFields: ["exports"],
      conditionNames: ["import", "types"],
    },
  },
};

/**
 * Imports point one way (see docs/architecture.md). Each folder of the package names the folders it may import;
 * anything else, and any cycle, fails `npm run check`.
 */
const MAY_IMPORT = {
  protocol: [],
  core: ["protocol"],
  transports: ["protocol", "core"],
  server: ["protocol", "core", "transports"],
  node: ["protocol", "core", "transports", "server"],
  client: ["protocol"],
  testing: ["protocol", "core", "transports", "server", "node", "client"],
  cli: ["protocol", "core", "transports", "server", "node", "client"],
};

const folderRules = Object.entries(MAY_IMPORT).map(([folder, allowed]) => ({
  name: `${folder}-imports-only-${allowed.join("-") || "itself"}`,
  severity: "error",
  from: { path: `^packages/eitherway/src/${folder}/` },
  to: {
    path: "^packages/eitherway/src/",
    pathNot: [folder, ...allowed].map((name) => `^packages/eitherway/src/${name}/`),
  },
}));

module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    ...folderRules,
    {
      name: "pure-folders-import-no-package",
      comment: "protocol, core and the transports are written against ports: no Node module, no dependency",
      severity: "error",
      from: { path: "^packages/eitherway/src/(protocol|core|transports|server)/" },
      to: { dependencyTypes: ["core", "npm", "npm-dev", "npm-optional", "npm-peer"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "packages/eitherway/test/tsconfig.json" },
    enhancedResolveOptions: { extensions: [".ts", ".js"] },
  },
};

/**
 * Four projects, one after the other, because what measures time must not share two cores with what burns them:
 * `unit` is pure and parallel; `system` has real sockets and processes; `alone` has a browser, a soak, the instrument or thousands of runs;
 * `bench` plays the whole benchmark once, tiny.
 */
import { defineConfig } from "vitest/config";

const TESTS = "packages/eitherway/test";
/** Folders without sockets, processes or real time. */
const UNIT = ["protocol", "core", "contract", "transports", "server", "client", "instrument", "testing", "fuzz"];
/** Folders whose files each want the machine for themselves. */
const ALONE = ["browser", "compare", "deploy", "model", "package", "soak"];

const files = (folders: readonly string[]) => folders.map((folder) => `${TESTS}/${folder}/**/*.test.ts`);

export default defineConfig({
  test: {
    restoreMocks: true,
    setupFiles: [`${TESTS}/support/witness-urls.ts`],
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          isolate: false, // modules keep no state of their own; loading them anew for each file took longer than the tests
          include: [...files(UNIT), "apps/showcase/test/*.test.ts"],
          testTimeout: 20_000, // properties run hundreds of cases
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: "system",
          include: [`${TESTS}/**/*.test.ts`],
          exclude: files([...UNIT, ...ALONE]),
          testTimeout: 30_000,
          hookTimeout: 30_000, // starting a real part on a busy machine
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: "alone",
          include: files(ALONE),
          testTimeout: 60_000, // longer ones say so themselves
          hookTimeout: 60_000,
          maxWorkers: 1,
          execArgv: ["--expose-gc"], // heaps are compared after a collection
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: "bench",
          include: ["bench/test/**/*.test.js"],
          testTimeout: 30_000, // servers and the load generator are processes
          hookTimeout: 60_000, // compiles the programs in C
          maxWorkers: 1,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});

/**
 * `node bench/bench.js`: what a delivery, a relayed message, a new link and an idle link cost servers, for Eitherway and its peers.
 *
 *                            6 peers, 5 scenarios; at most 12 minutes
 *     --all                  everything; at most 100 minutes
 *     --resume               goes on where the newest file of results ends
 *     --only fan-out,relay   these scenarios
 *     --peers eitherway,ws   these peers
 *     --rounds 5             of each cell; default: as the scenario says, else 3
 *     --smoke                every scenario and peer, tiny, once: only what arrives counts
 *     --guard [--record]     has the cost grown by more than 10 % since it was recorded? at most 6 minutes
 *     --report [file]        writes RESULTS.md from these results, else from the newest; `--all` does it too
 *     --install-nchan        first brings Nchan by apt-get
 *
 * A round in which a message is missing, doubled or out of order is void, and then the exit code is 1.
 */
import { parseArgs } from "node:util";
import { Stop, script, seconds } from "../scripts/lib/phases.js";
import { bringPeers } from "./lib/bring-peers.js";
import { figureOf } from "./lib/figures.js";
import { guard } from "./lib/guard.js";
import { measure } from "./lib/measure.js";
import { compilePrograms } from "./lib/native.js";
import { DEFAULT_PEERS, PEERS } from "./lib/peers.js";
import { readResults, writeReport } from "./lib/report.js";
import { createResults, newestResults, writeResults } from "./lib/results.js";
import { isPinned } from "./lib/run-cell.js";
import { TABLE_NOTE, table } from "./lib/table.js";
import { DEFAULT_SCENARIOS, SCENARIOS } from "./scenarios.js";

const WHERE_WIDTH = 42;

await script(async () => {
  const { scenarios, peers, rounds, smoke, all, isGuard, record, resume, report, installNchan } = readArguments();
  if (report) {
    console.log(`Written: ${writeReport(readResults(report.file))}`);
    return;
  }
  const started = performance.now();
  await compilePrograms();
  await bringPeers({ installNchan });
  if (!isPinned) console.log("Not pinned: server and load share CPUs here (taskset or a second CPU is missing).");
  const results = (resume ? newestResults() : undefined) ?? createResults();
  if (isGuard) {
    await guard({ record, results, onRound: (cell, scenario) => console.log(roundLine(cell, scenario, false)) });
    return;
  }
  /** @type {string[]} */
  const tables = [];
  await measure({
    scenarios,
    peers,
    rounds,
    smoke,
    results,
    onEstimate: (minutes) => console.log(`About ${minutes} ${minutes === 1 ? "minute" : "minutes"}.`),
    onRound(cell, scenario) {
      console.log(roundLine(cell, scenario, smoke));
      if (!smoke) writeResults(results);
    },
    onVariant(scenario, variant, cells) {
      tables.push(table(scenario, variant, cells));
    },
  });
  if (!smoke) {
    console.log(`${tables.join("\n")}\n\n${TABLE_NOTE}`);
    console.log(`\nAll rounds: ${writeResults(results)}`);
    if (all) console.log(`Written: ${writeReport(results)}`);
  }
  tellSkipped(results.cells);
  console.log(`All cells: ${seconds(performance.now() - started).trim()}`);
  const broken = results.cells.filter((cell) => cell.rounds.some((round) => round.void !== undefined));
  if (broken.length > 0)
    throw new Stop(`${broken.length} of ${results.cells.length} cells have void rounds: see above.`);
});

function readArguments() {
  const { values, positionals } = parse();
  const { only, peers, rounds, smoke, all, resume, guard: isGuard, record, report } = values;
  const [file, ...more] = positionals;
  if (more.length > 0 || (file !== undefined && !report)) throw new Stop(`What is ${positionals.join(" ")}?`);
  const count = rounds === undefined ? undefined : Number(rounds);
  if (count !== undefined && !(Number.isInteger(count) && count > 0)) {
    throw new Stop(`--rounds ${rounds} is no number of rounds.`);
  }
  const isWhole = all || smoke;
  return {
    scenarios: chosen(SCENARIOS, only?.split(",") ?? (isWhole ? undefined : DEFAULT_SCENARIOS), "scenario"),
    peers: chosen(PEERS, peers?.split(",") ?? (isWhole || only !== undefined ? undefined : DEFAULT_PEERS), "peer"),
    rounds: count,
    smoke,
    all,
    isGuard,
    record,
    resume,
    report: report ? { file } : undefined,
    installNchan: values["install-nchan"],
  };
}

function parse() {
  try {
    return parseArgs({
      options: {
        only: { type: "string" },
        peers: { type: "string" },
        rounds: { type: "string" },
        smoke: { type: "boolean", default: false },
        all: { type: "boolean", default: false },
        resume: { type: "boolean", default: false },
        guard: { type: "boolean", default: false },
        record: { type: "boolean", default: false },
        report: { type: "boolean", default: false },
        "install-nchan": { type: "boolean", default: false },
      },
      allowPositionals: true,
    });
  } catch (error) {
    throw new Stop(error instanceof Error ? error.message : String(error));
  }
}

/**
 * @template {{ readonly name: string }} T
 * @param {readonly T[]} all
 * @param {readonly string[] | undefined} names default: all
 * @param {string} what
 */
function chosen(all, names, what) {
  if (names === undefined) return all;
  return names.map((name) => {
    const found = all.find((one) => one.name === name);
    if (!found) throw new Stop(`There is no ${what} ${name}; there are ${all.map((one) => one.name).join(", ")}.`);
    return found;
  });
}

/**
 * @param {import("./lib/types.js").Cell} cell
 * @param {import("./scenarios.js").Scenario} scenario
 * @param {boolean} smoke so small that its figures say nothing
 */
function roundLine({ scenario: name, variant, peer, dialect, rounds }, scenario, smoke) {
  const round = rounds.at(-1);
  const where = `${name}, ${variant}, ${dialect}`.padEnd(WHERE_WIDTH) + peer.padEnd(20);
  if (!round || round.void !== undefined) return `${where} VOID: ${round?.void}`;
  if (smoke) return `${where} ok`;
  const figure = figureOf(scenario);
  const others = round.clean ? "" : `  contended: others had ${Math.round(round.otherPercent)} % of the CPU`;
  return `${where}${(figure.of(round) ?? 0).toFixed(2).padStart(12)} ${figure.title}${others}`;
}

/** @param {readonly import("./lib/types.js").Cell[]} cells */
function tellSkipped(cells) {
  const whys = new Map(cells.flatMap(({ peer, skipped }) => (skipped === undefined ? [] : [[peer, skipped]])));
  for (const [peer, why] of whys) console.log(`${peer}: not run: ${why}`);
}

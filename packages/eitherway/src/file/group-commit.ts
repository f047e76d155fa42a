/**
 * Steps that change a store, in the order of the calls, and committed in groups: all steps of an event-loop turn, and all that come
 * while a commit is under way, are one transaction. Nobody hears of a step before it is committed.
 */
import type { Clock } from "../core/index.ts";
import { type EitherwayError, isEitherwayError, toEitherwayError } from "../protocol/index.ts";
import { storageFailed } from "./storage-failed.ts";

export interface GroupCommitOptions {
  readonly clock: Pick<Clock, "now">;
  /** Commits what the steps since the last commit have changed. */
  readonly commit: () => Promise<void>;
  /** The steps' changes are true: whoever listens may be told. */
  readonly committed: () => void;
  /**
   * Nothing of what the steps have changed is true: takes it back.
   *
   * @param refused what their callers are told, where it was the store that did not take it
   */
  readonly failed: (refused?: EitherwayError) => void;
}

export interface GroupCommit {
  /** Runs a step. Its answer, or what it throws, once everything up to it is committed. */
  run<T>(step: () => T): Promise<T>;
  /** Resolves when no step waits. */
  idle(): Promise<void>;
}

/** After a commit has failed, steps are refused for so long: a full disk is not asked for each message. */
const PAUSE_MS = 1_000;

interface Step {
  readonly run: () => unknown;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (cause: unknown) => void;
}

export function createGroupCommit({ clock, commit, committed, failed }: GroupCommitOptions): GroupCommit {
  let waiting: Step[] = [];
  let working: Promise<void> | undefined;
  let refusing: { readonly until: number; readonly error: EitherwayError } | undefined;

  function run<T>(step: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      waiting.push({ run: step, resolve: resolve as Step["resolve"], reject });
      working ??= work();
    });
  }

  async function work(): Promise<void> {
    while (waiting.length > 0) {
      await endOfTurn();
      const group = waiting;
      waiting = [];
      await runGroup(group);
    }
    working = undefined;
  }

  async function runGroup(group: readonly Step[]): Promise<void> {
    if (refusing && clock.now() < refusing.until) {
      for (const { reject } of group) reject(refusing.error);
      return;
    }
    refusing = undefined;
    const settled = runSteps(group);
    try {
      await commit();
    } catch (cause) {
      const error = storageFailed(cause);
      refusing = { until: clock.now() + PAUSE_MS, error };
      failed(error);
      for (const { reject } of group) reject(error);
      return;
    }
    committed();
    for (const settle of settled) settle();
  }

  /** What settles the steps' promises, later. */
  function runSteps(group: readonly Step[]): readonly (() => void)[] {
    const settled: (() => void)[] = [];
    for (const step of group) {
      try {
        settled.push(runOne(step));
      } catch (thrown) {
        // It may have done half of its work: the others do theirs again without it.
        failed();
        const error = toEitherwayError(thrown);
        return [...runSteps(group.filter((other) => other !== step)), () => step.reject(error)];
      }
    }
    return settled;
  }

  return {
    run,
    async idle() {
      for (let work = working; work; work = working) await work;
    },
  };
}

/** @throws whatever a step throws beside our own errors, which it throws before it does anything */
function runOne({ run, resolve, reject }: Step): () => void {
  try {
    const answer = run();
    return () => resolve(answer);
  } catch (thrown) {
    if (!isEitherwayError(thrown)) throw thrown;
    return () => reject(thrown);
  }
}

function endOfTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

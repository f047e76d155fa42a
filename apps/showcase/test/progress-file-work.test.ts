import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { digestFile, receiveFile } from "../progress/file-work.ts";
import type { JobProgress } from "../progress/job.ts";

function openFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "progress-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, "file");
}

function openControls() {
  const reports: JobProgress[] = [];
  const stop = new AbortController();
  return {
    reports,
    stop,
    controls: { signal: stop.signal, report: (progress: JobProgress) => reports.push(progress) },
  };
}

test("a file is written as it comes, with progress up to its whole", async () => {
  const path = openFolder();
  const { controls, reports } = openControls();
  const parts = [randomBytes(1_000), randomBytes(2_000)];
  await receiveFile(Readable.from(parts), { path, total: 3_000, mostBytes: 3_000 }, controls);
  expect(readFileSync(path).equals(Buffer.concat(parts))).toBe(true);
  expect(reports).toEqual([{ step: "Receiving", done: 0, total: 3_000 }, { done: 1_000 }, { done: 3_000 }]);
});

test("a file that has more than is taken is refused with the first byte too many, whatever was announced", async () => {
  const path = openFolder();
  const { controls } = openControls();
  const source = Readable.from([randomBytes(1_000), randomBytes(1), randomBytes(1_000)]);
  const receiving = receiveFile(source, { path, total: 10, mostBytes: 1_000 }, controls);
  await expect(receiving).rejects.toThrow("more than the 1000 bytes");
  expect(source.destroyed).toBe(true);
});

test("a file that breaks off is told so", async () => {
  const source = new Readable({ read() {} });
  const { controls } = openControls();
  const receiving = receiveFile(source, { path: openFolder(), total: undefined, mostBytes: 10 }, controls);
  source.destroy(Object.assign(new Error("aborted"), { code: "ECONNRESET" }));
  await expect(receiving).rejects.toThrow("The upload broke off");
});

test("hash and sizes are those of node:crypto and node:zlib", async () => {
  const path = openFolder();
  const bytes = Buffer.concat([randomBytes(700_000), Buffer.alloc(700_000)]);
  writeFileSync(path, bytes);
  const { controls, reports } = openControls();
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const result = await digestFile(path, bytes.length, controls);
  expect(result).toMatchObject({ sha256, bytes: bytes.length });
  expect(Math.abs(result.gzipBytes - gzipSync(bytes, { level: 9 }).length)).toBeLessThan(100);
  expect(reports.at(-1)).toEqual({ done: bytes.length });
  expect(reports.length).toBeGreaterThan(4);
});

test("an empty file has a hash as well", async () => {
  const path = openFolder();
  writeFileSync(path, "");
  const { controls } = openControls();
  const sha256 = createHash("sha256").digest("hex");
  expect(await digestFile(path, 0, controls)).toMatchObject({ sha256, bytes: 0 });
});

test("a stop ends the work in the middle of the file", async () => {
  const path = openFolder();
  writeFileSync(path, randomBytes(4_000_000));
  const { controls, reports, stop } = openControls();
  const report = (progress: JobProgress): void => {
    controls.report(progress);
    if ((progress.done ?? 0) > 0) stop.abort();
  };
  await expect(digestFile(path, 4_000_000, { ...controls, report })).rejects.toThrow("abort");
  expect(reports.at(-1)?.done).toBeLessThan(4_000_000);
  expect(existsSync(path)).toBe(true);
});

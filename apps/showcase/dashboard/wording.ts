/** Figures as text: as short as a widget, with as many digits as can be read while they change. */
import type { Unit, Value } from "./figures.ts";

const STEP = 1_024;
const SIZES = ["B", "kB", "MB", "GB", "TB"] as const;
const [MINUTE, HOUR, DAY] = [60, 3_600, 86_400];
/** Below it a digit behind the point tells something. */
const SMALL = 100;

/** With its unit, such as `12.5 %`; `–` where there is none. */
export function textOf(value: Value, unit: Unit): string {
  if (value === null) return "–";
  switch (unit) {
    case "percent":
      return `${short(value)} %`;
    case "bytes":
      return sizeOf(value);
    case "ms":
      return `${short(value)} ms`;
    case "seconds":
      return durationOf(value);
    case "per second":
      return `${short(value)} /s`;
    case "number":
      return short(value);
  }
}

function short(value: number): string {
  const isExact = Number.isInteger(value) || Math.abs(value) >= SMALL;
  return isExact ? Math.round(value).toLocaleString("en-GB") : value.toFixed(1);
}

function sizeOf(bytes: number): string {
  const power = Math.min(SIZES.length - 1, Math.floor(Math.log(Math.max(1, bytes)) / Math.log(STEP)));
  return `${short(bytes / STEP ** power)} ${SIZES[power]}`;
}

function durationOf(seconds: number): string {
  if (seconds < MINUTE) return `${Math.floor(seconds)} s`;
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min`;
  if (seconds < DAY) return `${Math.floor(seconds / HOUR)} h ${Math.floor((seconds % HOUR) / MINUTE)} min`;
  return `${Math.floor(seconds / DAY)} d ${Math.floor((seconds % DAY) / HOUR)} h`;
}

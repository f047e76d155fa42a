/** An examination in a terminal: what was seen, then each finding with its evidence, its harm and its mends. */
import { wrapped } from "../wrapped.ts";
import type { Survival } from "./deep.ts";
import type { Examination } from "./examine.ts";
import type { Finding, Mend } from "./finding.ts";

export function reportLines({ url, seen, findings, survival, partial }: Examination): readonly string[] {
  return [
    ...(partial === undefined ? [] : [`PARTIAL: ${partial}`]),
    url,
    ...seen.flatMap((sentence) => wrapped(sentence, "  ")),
    ...(survival && survival.length > 0 ? [`  Silence: ${survival.map(survivalText).join(", ")}.`] : []),
    "",
    ...(findings.length === 0 ? ["Nothing wrong was found."] : findings.flatMap(findingLines)),
  ];
}

function survivalText({ seconds, survived, cutMs }: Survival): string {
  if (survived) return `${seconds} s survived`;
  return `${seconds} s cut${cutMs === undefined ? "" : ` after ${(cutMs / MS_PER_SECOND).toFixed(1)} s`}`;
}

const MS_PER_SECOND = 1_000;

function findingLines({ id, severity, title, evidence, breaks, mends }: Finding): readonly string[] {
  return [
    ...wrapped(`${severity === "fault" ? "FAULT" : "note"}  ${title} [${id}]`),
    ...wrapped(`Seen: ${evidence}`, "  "),
    ...wrapped(`Breaks: ${breaks}`, "  "),
    ...mends.flatMap(mendLines),
    "",
  ];
}

function mendLines({ for: product, setting, documented }: Mend): readonly string[] {
  const source = documented ? ` (documented, not tested; ${documented.date}, ${documented.source})` : "";
  return [`  Mend in ${product}${source}:`, ...setting.split("\n").map((line) => `    ${line}`)];
}

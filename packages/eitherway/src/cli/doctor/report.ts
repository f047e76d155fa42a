/** An examination in a terminal: what was seen, then each finding with its evidence, its harm and its mends. */
import { wrapped } from "../wrapped.ts";
import type { Examination } from "./examine.ts";
import type { Finding, Mend } from "./finding.ts";

export function reportLines({ url, seen, findings, survival, partial }: Examination): readonly string[] {
  return [
    ...(partial === undefined ? [] : [`PARTIAL: ${partial}`]),
    url,
    ...seen.flatMap((sentence) => wrapped(sentence, "  ")),
    ...(survival && survival.length > 0
      ? [
          `  Silence: ${survival.map(({ seconds, survived }) => `${seconds} s ${survived ? "survived" : "cut"}`).join(", ")}.`,
        ]
      : []),
    "",
    ...(findings.length === 0 ? ["Nothing wrong was found."] : findings.flatMap(findingLines)),
  ];
}

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

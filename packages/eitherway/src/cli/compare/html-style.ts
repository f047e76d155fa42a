/** How a report looks: system letters, few colours (blue and orange, which colour-blind people tell apart), light, dark and on paper. */
export const REPORT_STYLE = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1c2126; --soft: #59636d; --rule: #d9dee3; --wash: #f4f6f8;
  --better: #00609c; --better-wash: #e3f0f9; --worse: #a84300; --worse-wash: #fcebe0; --even: #59636d; --even-wash: #eef1f3; --dot: #7d8b99;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181c; --ink: #e6eaee; --soft: #a2adb8; --rule: #343c44; --wash: #1c2228;
    --better: #74b9ec; --better-wash: #12303f; --worse: #f2a167; --worse-wash: #402814; --even: #a2adb8; --even-wash: #262e35; --dot: #8a98a6;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
main { max-width: 68rem; margin: 0 auto; padding: 2.5rem 1.5rem 4rem; }
h1 { margin: 0 0 1rem; font-size: 2rem; line-height: 1.2; letter-spacing: -0.015em; text-wrap: balance; }
h2 { margin: 0 0 0.25rem; font-size: 1.35rem; line-height: 1.3; }
h3 { margin: 2rem 0 0.25rem; font-size: 1rem; }
p { margin: 0 0 1rem; max-width: 44rem; }
section { margin-top: 3rem; padding-top: 1.5rem; border-top: 1px solid var(--rule); }
a { color: var(--better); }
.question, .nothing, .about, .spread { color: var(--soft); }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 15rem), 1fr)); gap: 0.75rem 2rem; margin: 0; font-size: 0.9rem; }
.facts dt { color: var(--soft); }
.facts dd { margin: 0; }
.partial { max-width: none; margin: 1.5rem 0 0; padding: 0.75rem 1rem; border: 2px solid var(--worse); border-radius: 0.4rem; background: var(--worse-wash); }
.summary { margin-top: 2rem; padding: 1.25rem 1.5rem 1.4rem; border: 0; border-radius: 0.5rem; background: var(--wash); }
.conclusions { margin: 0.5rem 0 0; padding-left: 1.2rem; max-width: 52rem; }
.summary .about { margin: 0.75rem 0 0; }
.conclusions li + li { margin-top: 0.5rem; }

table { width: 100%; margin: 1rem 0 0; border-collapse: collapse; font-size: 0.95rem; font-variant-numeric: tabular-nums; }
caption { padding: 0 0 0.4rem; text-align: left; font-size: 0.85rem; color: var(--soft); }
th, td { padding: 0.6rem 1rem 0.6rem 0; border-top: 1px solid var(--rule); text-align: left; vertical-align: top; font-weight: normal; }
thead th { border-top: 0; padding-top: 0; font-size: 0.85rem; font-weight: 600; vertical-align: bottom; }
.figures { table-layout: fixed; }
.figures thead th:first-child { width: 28%; }
.numbers td, .numbers thead th { white-space: nowrap; }
.numbers tbody th { width: 40%; }
.what, .about, .number, .spread { display: block; }
.about, .spread { font-size: 0.85rem; line-height: 1.4; }
.number { font-size: 1.1rem; font-weight: 600; }
.glances { margin-top: 1.5rem; }
.glances caption { font-size: 1rem; font-weight: 600; color: var(--ink); }
.glances th, .glances td { padding-top: 0.4rem; padding-bottom: 0.4rem; vertical-align: middle; }
.glances tbody th { width: 28%; }
.glances td:last-child { width: 30%; }
.verdict { display: inline-block; margin-top: 0.15rem; padding: 0.05rem 0.5rem; border-radius: 0.3rem; font-size: 0.85rem; font-weight: 600; }
.verdict.better { color: var(--better); background: var(--better-wash); }
.verdict.worse { color: var(--worse); background: var(--worse-wash); }
.verdict.even { color: var(--even); background: var(--even-wash); font-weight: normal; }

.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); gap: 1.5rem 2rem; margin-top: 1rem; }
figure { margin: 0; max-width: 25rem; }
figcaption { margin-bottom: 0.25rem; font-size: 0.9rem; font-weight: 600; }
svg { display: block; width: 100%; height: auto; fill: none; }
svg.glance { max-width: 26rem; }
svg text { fill: var(--ink); paint-order: stroke; stroke: var(--paper); stroke-width: 4px; stroke-linejoin: round; font: 11px system-ui, sans-serif; }
svg .value { text-anchor: end; font-weight: 600; font-variant-numeric: tabular-nums; }
svg .tick { fill: var(--soft); text-anchor: middle; font-size: 10.5px; }
svg .grid { stroke: var(--rule); }
svg .first { stroke: var(--soft); stroke-dasharray: 3 3; }
svg .dots { stroke: var(--dot); stroke-width: 4; stroke-linecap: round; opacity: 0.6; }
svg .median { stroke: var(--ink); stroke-width: 2.5; }
svg .interval { stroke-width: 3; }
svg .interval.better { stroke: var(--better); }
svg .interval.worse { stroke: var(--worse); }
svg .interval.even { stroke: var(--even); stroke-width: 1.5; }
svg .ratio { stroke-width: 2; }
svg .ratio.better { fill: var(--better); stroke: var(--better); }
svg .ratio.worse { fill: var(--worse); stroke: var(--worse); }
svg .ratio.even { fill: var(--paper); stroke: var(--even); }
svg .reach { stroke: var(--dot); stroke-width: 2; }
svg .p50, svg .p99 { fill: var(--ink); }
svg .p95 { fill: var(--paper); stroke: var(--ink); stroke-width: 2; }
svg .max { stroke: var(--ink); stroke-width: 2; }
.key { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; margin: 0; padding: 0; list-style: none; font-size: 0.85rem; color: var(--soft); }
.key li::before { content: ""; display: inline-block; width: 0.65rem; height: 0.65rem; margin-right: 0.4rem; border: 2px solid var(--ink); border-radius: 50%; background: var(--ink); vertical-align: -0.05rem; }
.key .better::before { border-color: var(--better); background: var(--better); }
.key .worse::before { border-color: var(--worse); background: var(--worse); }
.key .even::before { border-color: var(--even); background: none; }
.key .p95::before { background: none; }
.key .p99::before { border-radius: 0; }
.key .max::before { width: 0; border-width: 0 0 0 2px; border-radius: 0; }
pre { margin: 0 0 1rem; padding: 0.75rem 1rem; border-radius: 0.4rem; background: var(--wash); white-space: pre-wrap; font: 0.9rem/1.5 ui-monospace, monospace; }

@media (max-width: 44rem) {
  main { padding: 1.5rem 1rem 3rem; }
  h1 { font-size: 1.6rem; }
  .summary { padding: 1rem; }
  table, caption, tbody, tbody tr, tbody th, tbody td { display: block; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tbody tr { padding: 0.75rem 0; border-top: 1px solid var(--rule); }
  tbody th, tbody td, .numbers tbody th, .glances tbody th, .glances td:last-child { width: auto; padding: 0; border: 0; }
  tbody th { font-weight: 600; }
  tbody th .about { font-weight: normal; }
  tbody td { margin-top: 0.35rem; }
  .figures tbody td { display: grid; grid-template-columns: 5.5rem 1fr; gap: 0 0.75rem; }
  .figures tbody td::before { grid-row: 1 / span 3; }
  .figures tbody td > * { grid-column: 2; justify-self: start; }
  .numbers tbody tr { display: grid; grid-template-columns: repeat(3, 1fr); gap: 0 0.75rem; }
  .numbers tbody th { grid-column: 1 / -1; }
  .numbers tbody td { white-space: normal; }
  .figures tbody td::before, .numbers tbody td::before { content: attr(data-column); display: block; color: var(--soft); font-size: 0.85rem; }
  .number { font-size: 1rem; }
  .glances thead { position: static; width: auto; height: auto; clip-path: none; display: block; }
  .glances thead tr, .glances thead th { display: block; padding: 0; }
  .glances thead th:not(:nth-child(2)) { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
}
@media print {
  main { max-width: none; padding: 0; }
  body { font-size: 10pt; }
  section { margin-top: 1.5rem; }
  figure, tr, .summary, .partial { break-inside: avoid; }
  h2, h3, thead { break-after: avoid; }
  * { print-color-adjust: exact; }
}
`;

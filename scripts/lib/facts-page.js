/** docs/in-between.md from the facts of the package (src/cli/facts.ts). */
import { existsSync, readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { inRoot } from "./root.js";

/** @typedef {import("../../packages/eitherway/dist/cli/facts.js").Fact} Fact */

export const FACTS_PAGE = inRoot("docs", "in-between.md");

const FACTS = inRoot("packages", "eitherway", "dist", "cli", "facts.js");

const HEAD = `# What sits in between

Between a client and its server there are proxies, load balancers, hosts with limits, and a browser with rules of its own. This page lists what
is known of them, with source and date. **Documented, not tested**: none of it was measured here, and vendors change their limits. Corrections
are welcome in \`packages/eitherway/src/cli/facts.ts\`, from which \`npm run facts\` writes this page.

| kind | what it does to a link | what Eitherway does about it |
|---|---|---|
| idle | cuts it when it is silent | writes at least every 15 s (\`pingMs\`), which is below every such limit on this page |
| absolute | cuts it, busy or not | the client comes back and goes on exactly where it was, over any transport |
| buffering | holds bytes back | streams ask not to be buffered or changed; a stream that is open but mute gives way to long-poll, and \`status.why\` says so |
| upgrade | refuses WebSockets | the client goes on by an event stream at once |
| connections | allows few at a time | over HTTP/1.1 \`shareTabs()\` gives all tabs one |
| format | makes payloads larger | bytes go as bytes over WebSocket with the \`binary\` framing |
| platform | stops or forbids what programs do | wake-ups look at the link when a page or the network comes back |
`;

/** The page that is there; empty where there is none. */
export function readFactsPage() {
  return existsSync(FACTS_PAGE) ? readFileSync(FACTS_PAGE, "utf8") : "";
}

/** The page as the built package has it. */
export async function factsPage() {
  /** @type {{ FACTS: readonly Fact[] }} */
  const { FACTS: facts } = await import(pathToFileURL(FACTS).href);
  const families = [...new Set(facts.map(({ about }) => about))];
  return [HEAD, ...families.map((about) => family(about, facts))].join("\n");
}

/**
 * @param {string} about
 * @param {readonly Fact[]} facts
 */
function family(about, facts) {
  const items = facts.filter((fact) => fact.about === about).map(item);
  return `## ${about}\n\n${items.join("\n")}`;
}

/** @param {Fact} fact */
function item({ kind, says, source, date, mend }) {
  const line = `- ${escaped(says)} (${kind}; [source](${source}), ${date})\n`;
  return mend === undefined ? line : `${line}\n${indented(`\`\`\`\n${mend}\n\`\`\``)}\n`;
}

/** @param {string} text */
function escaped(text) {
  return text.replace(/[*<_]/g, "\\$&");
}

/** @param {string} text */
function indented(text) {
  return text.replace(/^(?=.)/gm, "  ");
}

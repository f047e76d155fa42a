/** What happened to a connection, newest first. */
import type { TimelineEntry } from "eitherway/client";
import { useEffect, useState } from "react";
import { TRANSPORTS } from "./status-words.ts";
import type { WatchedClient } from "./watched-client.ts";

const SHOWN = 30;
const TIME = new Intl.DateTimeFormat(undefined, {
  hourCycle: "h23",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});

export function Timeline({ client }: { readonly client: WatchedClient }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>What happened</summary>
      {isOpen && <Entries client={client} />}
    </details>
  );
}

function Entries({ client }: { readonly client: WatchedClient }) {
  const [entries, setEntries] = useState(() => client.timeline());
  useEffect(() => client.on("status", () => setEntries(client.timeline())), [client]);
  const numbered = entries.map((entry, number) => ({ ...entry, number }));
  return (
    <ol className="timeline">
      {numbered
        .slice(-SHOWN)
        .reverse()
        .map((entry) => (
          <li key={entry.number} data-what={entry.what}>
            <time dateTime={new Date(entry.at).toISOString()}>{TIME.format(entry.at)}</time> {wordsOf(entry)}
          </li>
        ))}
    </ol>
  );
}

function wordsOf({ what, transport, channel, why }: TimelineEntry): string {
  return [what, transport && `over ${TRANSPORTS[transport]}`, channel, why && `(${why})`].filter(Boolean).join(" ");
}

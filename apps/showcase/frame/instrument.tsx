/** The panel of a connection: how it stands, what it may be made to bear, what happened to it, and why it is as it is. */
import type { TransportChoice } from "eitherway/client";
import type { ReactNode } from "react";
import { useSyncExternalStore } from "react";
import { NetworkControls } from "./network-controls.tsx";
import type { Shaper } from "./shaper.ts";
import { causeOf, stateOf, TRANSPORTS } from "./status-words.ts";
import { Timeline } from "./timeline.tsx";
import type { WatchedClient } from "./watched-client.ts";

export interface InstrumentProps {
  readonly client: WatchedClient;
  readonly shaper: Shaper | undefined;
  readonly figures: ReactNode;
  readonly sources: readonly string[];
  readonly why: ReactNode;
  readonly isBeside: boolean;
}

export function Instrument({ client, shaper, figures, sources, why, isBeside }: InstrumentProps) {
  const status = useSyncExternalStore(
    (changed) => client.on("status", changed),
    () => client.status,
  );
  const { roundTrip, links, gaps, holes, unanswered } = status;
  return (
    <aside className="instrument" aria-label="Connection">
      <div className="essentials">
        <div className="state">
          <p className="state-name" role="status" data-state={status.state}>
            {stateOf(status)}
          </p>
          <p className="quiet">{causeOf(status)}</p>
        </div>
        <TransportSwitch client={client} />
        <NetworkControls shaper={shaper} cut={() => (shaper ? shaper.cut() : client.reconnect())} />
      </div>
      {!isBeside && (
        <div className="rest">
          <dl className="counters">
            <Figure
              name="Round trip"
              value={roundTrip === undefined ? "–" : `${roundTrip.toFixed(roundTrip < 10 ? 1 : 0)} ms`}
            />
            <Figure name="Resumes" value={Math.max(0, links - 1)} />
            <Figure name="Waiting" value={unanswered} />
            <Figure name="Gaps" value={gaps} />
            <Figure name="Holes" value={holes} />
          </dl>
          {figures}
          <Timeline client={client} />
          <details>
            <summary>Why this way</summary>
            <div className="prose">{why}</div>
          </details>
          <p className="sources">
            Source:
            {sources.map((file) => (
              <a
                key={file}
                href={`/source${location.pathname.replace(/\/$/, "")}/${file}`}
                target="_blank"
                rel="noopener"
              >
                {file}
              </a>
            ))}
          </p>
        </div>
      )}
    </aside>
  );
}

const CHOICES: readonly (readonly [TransportChoice & string, string])[] = [
  ["auto", "Auto"],
  ["websocket", TRANSPORTS.websocket],
  ["sse", TRANSPORTS.sse],
  ["poll", "Long-poll"],
];

function TransportSwitch({ client }: { readonly client: WatchedClient }) {
  return (
    <fieldset className="choice">
      <legend>Transport</legend>
      {CHOICES.map(([choice, name]) => (
        <label key={choice}>
          <input
            type="radio"
            name="transport"
            value={choice}
            autoComplete="off"
            defaultChecked={choice === "auto"}
            onChange={() => client.use(choice)}
          />
          <span>{name}</span>
        </label>
      ))}
    </fieldset>
  );
}

/** One of the panel's counters. */
export function Figure({ name, value }: { readonly name: string; readonly value: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

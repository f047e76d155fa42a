/** What every use case stands in: its title, the panel of its connection, and room for a second client beside it. */
import { type ReactNode, useState } from "react";
import { Header } from "./header.tsx";
import { Instrument } from "./instrument.tsx";
import type { Shaper } from "./shaper.ts";
import { USE_CASES } from "./use-cases.ts";
import type { WatchedClient } from "./watched-client.ts";

export interface PageFrameProps {
  readonly client: WatchedClient;
  /** Where the client's transports come from; absent where they are not to be shaped. */
  readonly shaper?: Shaper;
  /** Why this transport and this class of delivery: some sentences. */
  readonly why: ReactNode;
  /** Files of the use case's folder that touch Eitherway, such as `server.ts`. */
  readonly sources: readonly string[];
  /** Lines of the panel that this page alone has. */
  readonly figures?: ReactNode;
  readonly children: ReactNode;
}

/** A page in the frame of another one: no navigation, and no third client. */
const isBeside = new URLSearchParams(location.search).has("beside");

export function PageFrame({ client, shaper, why, sources, figures, children }: PageFrameProps) {
  const [beside, setBeside] = useState<string>(); // its address stays what it was when it was opened
  const path = location.pathname.replace(/\/$/, "");
  const entry = USE_CASES.find((one) => one.path === path);
  const besideUrl = () => `${path}?${new URLSearchParams([...new URLSearchParams(location.search), ["beside", ""]])}`;
  return (
    <div className={isBeside ? "page beside" : "page"}>
      {!isBeside && <Header />}
      <div className="title">
        <h1>{isBeside ? "Second client" : entry?.name}</h1>
        {!isBeside && <p className="quiet">{entry?.lead}</p>}
        {!isBeside && (
          <button
            type="button"
            className="second"
            aria-pressed={beside !== undefined}
            onClick={() => setBeside(beside === undefined ? besideUrl() : undefined)}
          >
            {beside ? "Close the second client" : "Second client"}
          </button>
        )}
      </div>
      <Instrument client={client} shaper={shaper} figures={figures} sources={sources} why={why} isBeside={isBeside} />
      <main className={beside ? "stage split" : "stage"}>
        <div className="stage-own">{children}</div>
        {beside && <iframe className="stage-other" title="Second client" src={beside} />}
      </main>
    </div>
  );
}

/** The dashboard's page. */
import { useMemo, useState } from "react";
import { mount } from "../frame/mount.tsx";
import { PageFrame } from "../frame/page-frame.tsx";
import { Chart } from "./chart.tsx";
import { client, shaper, useLoad, useSeries } from "./client.ts";
import { FIGURES } from "./figures.ts";
import { missingFrom, SAMPLES, type Series } from "./series.ts";
import { Widgets } from "./widgets.tsx";
import { textOf } from "./wording.ts";

const CHARTS: readonly (readonly [title: string, figures: readonly string[]])[] = [
  ["CPU", ["process.cpu", "process.cpu.system"]],
  ["Delay of the event loop", ["loop.p50", "loop.p99", "loop.max"]],
  ["Messages", ["messages.published", "messages.delivered"]],
];

function Dashboard() {
  const [chosen, choose] = useState("process.resident");
  return (
    <PageFrame client={client} shaper={shaper} why={<Why />} sources={["contract.ts", "server.ts", "client.ts"]}>
      <div className="dashboard">
        <Load />
        <Charts chosen={chosen} />
        <Widgets chosen={chosen} choose={choose} />
      </div>
    </PageFrame>
  );
}

function Charts({ chosen }: { readonly chosen: string }) {
  const series = useSeries();
  const own = useMemo(() => [chosen], [chosen]);
  const figure = FIGURES.find(({ name }) => name === chosen);
  return (
    <>
      <div className="charts">
        {CHARTS.map(([title, figures]) => (
          <Chart key={title} title={title} figures={figures} series={series} />
        ))}
        <Chart title={`${figure?.group}: ${figure?.label}`} figures={own} series={series} />
      </div>
      <Samples series={series} chosen={chosen} />
    </>
  );
}

/** What the charts are drawn from: whether it is whole, and the numbers as they are when it is opened, since a table that moves cannot be read. */
function Samples({ series, chosen }: { readonly series: Series; readonly chosen: string }) {
  const [shown, setShown] = useState<Series>();
  const missing = missingFrom(series);
  return (
    <details className="samples" onToggle={({ currentTarget }) => setShown(currentTarget.open ? series : undefined)}>
      <summary data-samples={series.length} data-missing={missing}>
        {`${series.length} of ${SAMPLES} samples, ${missing === 0 ? "none" : missing} missing`}
      </summary>
      {shown && <Table series={shown} chosen={chosen} />}
    </details>
  );
}

const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

function Table({ series, chosen }: { readonly series: Series; readonly chosen: string }) {
  const place = FIGURES.findIndex(({ name }) => name === chosen);
  const figure = FIGURES[place];
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <section className="table" tabIndex={0} aria-label="Samples, newest first">
      <table>
        <thead>
          <tr>
            <th scope="col">Number</th>
            <th scope="col">Time</th>
            <th scope="col">{figure?.label}</th>
          </tr>
        </thead>
        <tbody>
          {series.toReversed().map(({ run, n, at, values }) => (
            <tr key={`${run}-${n}`} data-sample={`${run}-${n}`}>
              <td>{n}</td>
              <td>{TIME.format(at)}</td>
              <td>{figure && textOf(values[place] ?? null, figure.unit)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Load() {
  const { beat, start, pending, error } = useLoad();
  return (
    <div className="load">
      <button type="button" onClick={start} disabled={pending}>
        Load
      </button>
      <p className="quiet" data-beat={beat?.n}>
        {error?.message ??
          (beat
            ? `Message ${beat.n.toLocaleString("en-GB")} of ${beat.of.toLocaleString("en-GB")}`
            : "1,000 messages a second to everybody who looks, for ten seconds.")}
      </p>
    </div>
  );
}

function Why() {
  return (
    <>
      <p>
        Nothing is sent up, so SSE would do as well as WebSocket; whichever is open carries all {FIGURES.length} widgets
        and the charts.
      </p>
      <p>
        Widgets show what is, so their figures are <code>latest</code> with a window of 250 ms: a client that is slow or
        was away gets the newest of each, not all that came before. Charts must not have holes, so samples are reliable,
        and kept for an hour.
      </p>
      <p>
        A page that nobody sees for five seconds sleeps: no connection, no messages, no rendering. Seen again, it goes
        on at its cursors.
      </p>
    </>
  );
}

mount(<Dashboard />);

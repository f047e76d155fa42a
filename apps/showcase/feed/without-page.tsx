/** The same feed for whoever has no page of ours: lines that work as they stand. */
const BASE = `${location.origin}/feed`;

/** A self-signed certificate is one that `curl` has to be told to take. */
const CURL = location.protocol === "https:" ? "curl -k" : "curl";

const WAYS: readonly (readonly [what: string, text: string])[] = [
  ["All that is kept, then live", `${CURL} -N '${BASE}/eitherway/events?channel=news&after=start'`],
  [
    "In any page of this server",
    `const news = new EventSource("/feed/eitherway/events?channel=news&after=start");
news.addEventListener("item", ({ data, lastEventId }) => console.log(lastEventId, JSON.parse(data).title));`,
  ],
  ["A page of history, with an ETag", `${CURL} -i '${BASE}/eitherway/channels/news?after=start&limit=20'`],
  ["A sample feed of this server, as any reader takes it", `${CURL} '${BASE}/sources/arrivals.xml'`],
];

export function WithoutPage() {
  return (
    <section className="without" aria-labelledby="without">
      <h2 id="without">Without this page</h2>
      {WAYS.map(([what, text]) => (
        <figure key={what}>
          <figcaption className="quiet">{what}</figcaption>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls sideways, which a keyboard has to reach */}
          <pre tabIndex={0}>
            <code>{text}</code>
          </pre>
        </figure>
      ))}
    </section>
  );
}

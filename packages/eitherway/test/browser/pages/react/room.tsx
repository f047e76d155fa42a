/** The component that a test edits while its page is open. */
import { useState } from "react";
import { BOOK, MOST_MESSAGES, ROOM, useEvents, useLatest, usePresence, useStream } from "./realtime.ts";

export function Room() {
  const [clicks, setClicks] = useState(0);
  const { items, live, gap } = useEvents("room", ROOM, "message", { keep: MOST_MESSAGES, history: MOST_MESSAGES });
  const names = usePresence("room", ROOM, (members) => members.map(({ state }) => state.name).join());
  const { values } = useLatest("prices", BOOK, "tick");
  const { text } = useStream("room", ROOM, "minutes");
  return (
    <section>
      <h1>Room</h1>
      <button type="button" onClick={() => setClicks(clicks + 1)}>
        {clicks}
      </button>
      <p>{JSON.stringify({ live, gap: gap?.why, names, prices: Object.fromEntries(values), text })}</p>
      <ol>
        {items.map(({ id, data }) => (
          <li key={id}>{data}</li>
        ))}
      </ol>
    </section>
  );
}

/** "Send yourself one": what any program may do, with the line of `curl` that does it. */
import { type FormEvent, useState } from "react";
import { authorized, type Order } from "./requests.ts";

const MS_PER_SECOND = 1_000;

interface Fields {
  readonly title: string;
  readonly body: string;
  readonly key: string;
  readonly delayS: number;
  /** 0: never. */
  readonly lifeS: number;
}

const FIRST: Fields = { title: "Your order is on its way", body: "It arrives tomorrow.", key: "", delayS: 0, lifeS: 0 };

export function SendForm({ user }: { readonly user: string }) {
  const [fields, setFields] = useState(FIRST);
  const [outcome, setOutcome] = useState("");
  const set = (change: Partial<Fields>): void => setFields({ ...fields, ...change });

  async function send(times: number): Promise<void> {
    const order = orderOf(fields);
    try {
      const answers = await Promise.all(Array.from({ length: times }, () => authorized(user, "send", order)));
      setOutcome(outcomeOf(answers as readonly Answer[]));
    } catch (thrown) {
      setOutcome(thrown instanceof Error ? thrown.message : String(thrown));
    }
  }

  function submit(event: FormEvent): void {
    event.preventDefault();
    void send(1);
  }

  return (
    <form className="send" onSubmit={submit}>
      <h2>Send yourself one</h2>
      <label>
        Title
        <input value={fields.title} onChange={({ target }) => set({ title: target.value })} required maxLength={100} />
      </label>
      <label>
        Text
        <input value={fields.body} onChange={({ target }) => set({ body: target.value })} maxLength={500} />
      </label>
      <label>
        When
        <select value={fields.delayS} onChange={({ target }) => set({ delayS: Number(target.value) })}>
          <option value={0}>Now</option>
          <option value={10}>In 10 s</option>
          <option value={30}>In 30 s</option>
        </select>
      </label>
      <label>
        Expires
        <select value={fields.lifeS} onChange={({ target }) => set({ lifeS: Number(target.value) })}>
          <option value={0}>Never</option>
          <option value={10}>After 10 s</option>
          <option value={60}>After a minute</option>
        </select>
      </label>
      <label className="wide">
        Key, so that a repetition is the same one
        <input
          value={fields.key}
          onChange={({ target }) => set({ key: target.value })}
          placeholder="order-991"
          maxLength={100}
        />
      </label>
      <button type="submit" className="main">
        Send
      </button>
      <button type="button" onClick={() => void send(2)} disabled={fields.title.trim() === ""}>
        Send twice
      </button>
      <p className="quiet outcome" role="status">
        {outcome}
      </p>
      <details className="wide">
        <summary>From any program</summary>
        <pre>{curlOf(user, fields)}</pre>
      </details>
    </form>
  );
}

function orderOf({ title, body, key, delayS, lifeS }: Fields): Order {
  const delayMs = delayS * MS_PER_SECOND;
  return {
    title,
    body,
    ...(key !== "" && { key }),
    ...(delayMs > 0 && { delayMs }),
    ...(lifeS > 0 && { expiresAt: Date.now() + delayMs + lifeS * MS_PER_SECOND }),
  };
}

interface Answer {
  /** Absent where it is to be sent later. */
  readonly id?: string;
}

function outcomeOf(answers: readonly Answer[]): string {
  const ids = new Set(answers.flatMap(({ id }) => id ?? []));
  if (ids.size === 0) return "It comes in a moment, also when this page is closed by then.";
  if (answers.length === 1) return "Sent.";
  return ids.size === 1
    ? "Sent twice, and it is one: same key, same id."
    : `Sent twice, and it is ${ids.size}: give a key.`;
}

/** The token is left out: it is a password of an hour. */
function curlOf(user: string, { title, body, key }: Fields): string {
  const address = `${location.origin}/notifications`;
  const order = JSON.stringify({ title, body, ...(key !== "" && { key }) }).replaceAll("'", "'\\''");
  return `TOKEN=$(curl -s ${address}/login -d '{"name":"${user}"}' | sed 's/.*:"//;s/".*//')
curl ${address}/send -H "Authorization: Bearer $TOKEN" -d '${order}'`;
}

/** What the doctor says: what is wrong, how it shows, what breaks because of it, and the setting that mends it. */
import { FACTS } from "../facts.ts";

/** Stable, for scripts. */
export type FindingId =
  | "host-refused"
  | "origin-refused"
  | "server-refuses"
  | "upgrade-lost"
  | "upgrade-refused"
  | "events-refused"
  | "stream-refused"
  | "publish-refused"
  | "buffering"
  | "idle-cut"
  | "lifetime-cut"
  | "compressed"
  | "last-event-id-lost"
  | "body-limit"
  | "cors-refused"
  | "cacheable"
  | "illegal-headers"
  | "untrusted-certificate"
  | "no-http2"
  | "cookie-set"
  | "clock-skew"
  | "no-event-ids"
  | "no-anti-buffering"
  | "no-pong";

export interface Mend {
  /** `nginx`, `haproxy`, `eitherway`, or the product of a fact. */
  readonly for: string;
  /** To be written into the configuration; where a line is to be taken out, a sentence that begins with `remove`. */
  readonly setting: string;
  /** Absent: applied to a real one in the tests of Eitherway. */
  readonly documented?: { readonly source: string; readonly date: string };
}

export interface Finding {
  readonly id: FindingId;
  /** A `fault` breaks something for users, a `note` does not by itself. */
  readonly severity: "fault" | "note";
  /** One sentence. */
  readonly title: string;
  /** What was sent and what came, with numbers. */
  readonly evidence: string;
  /** What does not work because of it. */
  readonly breaks: string;
  readonly mends: readonly Mend[];
  /** The number in the evidence, where there is one: milliseconds, seconds or bytes as the evidence says. */
  readonly value?: number;
}

/** Settings for what cannot be run in our tests, as their makers document them. */
export function documented(...ids: readonly string[]): readonly Mend[] {
  return ids.map((id) => {
    const fact = FACTS.find((one) => one.id === id);
    if (fact?.mend === undefined) throw new Error(`there is no mend in the fact ${id}`);
    return { for: fact.about, setting: fact.mend, documented: { source: fact.source, date: fact.date } };
  });
}

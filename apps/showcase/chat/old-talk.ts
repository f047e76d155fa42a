/** What is said in the long room before anybody comes: the same every time, and each message tells its place. */
import type { Message } from "./contract.ts";

export interface OldMessage {
  readonly from: string;
  readonly message: Message;
}

const PEOPLE = ["Mara#0a1f", "Teo#7c3d", "Ines#51be", "Jon#e290"] as const;
const REMARKS = [
  "the tide tables for March are in",
  "who has the key of the boathouse?",
  "rain until noon, then clear",
  "I moved the second buoy ten metres out",
  "coffee is on",
  "the spare rudder fits after all. It only needed a longer bolt and somebody with patience",
  "back at six",
] as const;
const SENDER = "old";

/** Counts from 1. */
export function createOldTalk(): { next(): OldMessage } {
  const numbers = PEOPLE.map(() => 0);
  let place = 0;
  return {
    next() {
      place++;
      const who = (place + Math.floor(place / 3)) % PEOPLE.length; // not simply in turn
      const number = (numbers[who] ?? 0) + 1;
      numbers[who] = number;
      const text = `${place.toLocaleString("en-GB")}: ${REMARKS[place % REMARKS.length]}`;
      return { from: PEOPLE[who] ?? PEOPLE[0], message: { sender: SENDER, number, text } };
    },
  };
}

/** What fails again and again is told of in the log once a minute, and each cause for itself. */
import type { Clock } from "./ports.ts";

const MINUTE_MS = 60_000;

/** @returns whether a text was not told in this minute; then it counts as told */
export function createNews(clock: Pick<Clock, "now">): (text: string) => boolean {
  const told = new Set<string>();
  let forgetAt = 0;
  return (text) => {
    const now = clock.now();
    if (now >= forgetAt) {
      told.clear();
      forgetAt = now + MINUTE_MS;
    }
    if (told.has(text)) return false;
    told.add(text);
    return true;
  };
}

/**
 * Event streams where `fetch` gives an answer only when it is whole, as in React Native: an XMLHttpRequest tells its text while
 * it comes. It also keeps all of it, so each stream gives way to a fresh one before that weighs.
 */
import type { Destination, LinkFailure } from "../transport.ts";
import { failureOf, failureOfThrown } from "./http.ts";
import { createSseTransport, isEventStream, noStream, type StreamIntake } from "./sse.ts";

/** In UTF-16 units. Minutes of a busy channel, and far below what a phone notices. */
export const MOST_TEXT = 1024 * 1024;

export const sseXhrTransport = /* @__PURE__ */ createSseTransport({
  supported: () => typeof XMLHttpRequest === "function",
  read: readByXhr,
});

function readByXhr(
  { url, clock }: Destination,
  hello: string,
  signal: AbortSignal,
  { piece, renew }: StreamIntake,
): Promise<LinkFailure | undefined> {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    let taken = 0;

    const typeOf = (): string | null => request.getResponseHeader("content-type");
    const isGood = (): boolean => request.status >= 200 && request.status < 300;
    const isStream = (): boolean => isGood() && isEventStream(typeOf());

    function take(): void {
      const before = taken;
      const text = request.responseText;
      taken = text.length;
      if (taken > before) piece(text.slice(before));
      if (before <= MOST_TEXT && taken > MOST_TEXT) renew();
    }

    function refusal(): LinkFailure {
      if (isGood()) return noStream(typeOf());
      const { status, responseText: body } = request;
      return failureOf(
        { from: `${url}/stream`, status, retryAfter: request.getResponseHeader("retry-after"), body },
        clock.wall(),
      );
    }

    /** A stream that cannot be read on is given up. */
    function attempt(step: () => void): void {
      try {
        step();
      } catch (thrown) {
        resolve(failureOfThrown(thrown));
        request.abort();
      }
    }

    request.onreadystatechange = () => {
      // Not when it is done: React Native puts the error of a cut where the text was.
      if (request.readyState === XMLHttpRequest.LOADING && isStream()) attempt(take);
    };
    request.onload = () => {
      if (isStream()) attempt(take);
      resolve(isStream() ? undefined : refusal());
    };
    request.onerror = () => resolve({ message: "the request for a stream failed" });
    request.ontimeout = request.onerror;
    request.onabort = () => resolve(undefined);

    signal.addEventListener("abort", () => request.abort());
    attempt(() => {
      request.open("POST", `${url}/stream`);
      request.setRequestHeader("content-type", "text/plain;charset=UTF-8"); // what fetch says; React Native refuses to guess
      request.send(hello);
    });
  });
}

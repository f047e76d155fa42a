/** An XMLHttpRequest as React Native has it, whose server the test plays: text as it comes, and errors where the text was. */
import { vi } from "vitest";

/** Replaces `XMLHttpRequest` until the test is over. */
export function stubXhr(): FakeXhr[] {
  const made: FakeXhr[] = [];
  vi.stubGlobal(
    "XMLHttpRequest",
    class extends FakeXhr {
      constructor() {
        super();
        made.push(this);
      }
    },
  );
  return made;
}

type Handler = (() => void) | null;

export class FakeXhr {
  static readonly LOADING = 3;
  onreadystatechange: Handler = null;
  onload: Handler = null;
  onerror: Handler = null;
  ontimeout: Handler = null;
  onabort: Handler = null;
  readyState = 0;
  status = 0;
  responseText = "";
  aborted = false;
  method = "";
  url = "";
  body = "";
  readonly sent: Record<string, string> = {};
  #answer: Record<string, string> = {};

  open(method: string, url: string): void {
    this.method = method;
    this.url = url;
    this.readyState = 1;
  }

  setRequestHeader(name: string, value: string): void {
    this.sent[name] = value;
  }

  send(body: string): void {
    this.body = body;
  }

  getResponseHeader(name: string): string | null {
    return this.#answer[name] ?? null;
  }

  abort(): void {
    if (this.readyState === 4) return;
    this.aborted = true;
    this.#enter(4);
    this.onabort?.();
  }

  // --- the server ---

  /** Status and headers. */
  answers(status: number, headers: Record<string, string>): void {
    this.status = status;
    this.#answer = headers;
    this.#enter(2);
  }

  streams(): void {
    this.answers(200, { "content-type": "text/event-stream; charset=utf-8" });
  }

  text(piece: string): void {
    this.responseText += piece;
    this.#enter(3);
  }

  ends(): void {
    this.#enter(4);
    this.onload?.();
  }

  breaks(message: string): void {
    this.responseText = message;
    this.#enter(4);
    this.onerror?.();
  }

  #enter(state: number): void {
    this.readyState = state;
    this.onreadystatechange?.();
  }
}

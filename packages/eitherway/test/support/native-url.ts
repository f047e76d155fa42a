/** The URL of React Native up to 0.79: it parses, and knows no parts. */
export class NativeUrl {
  readonly href: string;
  constructor(url: string | NativeUrl) {
    this.href = typeof url === "string" ? `${url}/` : url.href;
  }
  get protocol(): string {
    throw new Error("URL.protocol is not implemented");
  }
  get host(): string {
    throw new Error("URL.host is not implemented");
  }
  get pathname(): string {
    throw new Error("URL.pathname is not implemented");
  }
}

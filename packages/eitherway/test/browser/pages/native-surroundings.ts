/**
 * Takes from a page what React Native does not have, or had not for a long time. Has to be the first import: what follows meets
 * the page as an application there would.
 */

/** Parses, and knows no parts (React Native up to 0.79). */
class NativeUrl {
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

Object.assign(globalThis, { URL: NativeUrl });
Reflect.deleteProperty(Response.prototype, "body");
for (const name of ["ReadableStream", "TextDecoder", "crypto", "localStorage"])
  Reflect.deleteProperty(globalThis, name);

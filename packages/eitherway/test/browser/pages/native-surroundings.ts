/**
 * Takes from a page what React Native does not have, or had not for a long time. Has to be the first import: what follows meets
 * the page as an application there would.
 */

import { NativeUrl } from "../../support/native-url.ts";

Object.assign(globalThis, { URL: NativeUrl });
Reflect.deleteProperty(Response.prototype, "body");
for (const name of ["ReadableStream", "TextDecoder", "crypto", "localStorage"])
  Reflect.deleteProperty(globalThis, name);

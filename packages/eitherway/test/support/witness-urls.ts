/** Set up before every test file: each URL that a client asks for is kept (see `witness.ts`), whatever it asks with. */
import { channel } from "node:diagnostics_channel";
import { witness } from "./witness.ts";

/** Of `fetch`, and of `node:http`, with which `ws` opens WebSockets. */
const REQUESTS = ["undici:request:create", "http.client.request.start"];

for (const name of REQUESTS) {
  const requests = channel(name);
  // Files of one worker share it.
  if (!requests.hasSubscribers) {
    requests.subscribe((message) =>
      witness("url", (message as { readonly request: { readonly path: string } }).request.path),
    );
  }
}

/** Clients that talk to our own server over TLS, whose certificate nobody has signed. */
import process from "node:process";
import type { Undo } from "../../core/index.ts";

const VARIABLE = "NODE_TLS_REJECT_UNAUTHORIZED";

/**
 * Until it is undone no certificate is checked in this process: Node before 22.19 takes no further authority once it runs, and `fetch` has no
 * option for one. Node warns about it on standard error. For as long as a server of this process's own is all that is talked to.
 */
export function trustOwnCertificate(): Undo {
  const before = process.env[VARIABLE];
  process.env[VARIABLE] = "0";
  return () => {
    if (before === undefined) delete process.env[VARIABLE];
    else process.env[VARIABLE] = before;
  };
}

/** Why the keys of an issuer could not be had, for the server's log and counters: one object each time they were asked for in vain. */
export class KeySetFailure extends Error {
  /** Host and port of the issuer. */
  readonly host: string;
  readonly why: string;

  constructor({ origin, pathname, host }: URL, why: string, cause: unknown) {
    super(`The key set at ${origin}${pathname} cannot be had: ${why}.`, { cause });
    this.name = "KeySetFailure";
    this.host = host;
    this.why = why;
  }
}

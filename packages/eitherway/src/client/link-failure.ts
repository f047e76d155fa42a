/** How a link, or a request of one, ends. */
import type { ErrorCode } from "../protocol/index.ts";

export interface LinkFailure {
  /** Where a server of ours said one. */
  readonly code?: ErrorCode;
  /** A sentence for people. */
  readonly message: string;
  /** Milliseconds to stay away at least. */
  readonly after?: number;
}

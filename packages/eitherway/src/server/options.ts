/** What an application may set, and what it means: every option checked before anything starts (P12). */
import {
  type AuditSink,
  type CreateBroker,
  checkOptionNames,
  createMemoryBroker,
  DEFAULT_KEY_WINDOW_MS,
  DEFAULT_LIMITS,
  DEFAULT_PING_MS,
  DEFAULT_PRESENCE_LEASE_MS,
  DEFAULT_RETENTION,
  type Limits,
  type Retention,
  withDefaults,
} from "../core/index.ts";
import { EitherwayError, quote } from "../protocol/index.ts";
import type { AccessOptions } from "./access.ts";
import { type Amount, type Amounts, readAmounts } from "./amounts.ts";
import type { Authenticate } from "./authenticator.ts";
import type { Authorize } from "./authorizers.ts";

export interface EitherwayOptions {
  /** Bounds of this process (docs/limits.md): `{ messageBytes: "256kb" }`. */
  readonly limits?: Amounts<Limits> | undefined;
  /** How much and how long each channel's log keeps. Default: 1,000 messages, 1 MiB, 1 hour; whatever is reached first trims. */
  readonly retention?: Amounts<Retention> | undefined;
  /** Milliseconds between pings. Default: 15 s, below the 30-60 s idle cut of common proxies. */
  readonly pingMs?: Amount | undefined;
  /** For how long a repeated key gets its first receipt (P5). Default: 5 min. */
  readonly keyWindowMs?: Amount | undefined;
  /** For how long a member of a channel's presence stays when its last link is gone (P8). Default: 10 s. */
  readonly presenceLeaseMs?: Amount | undefined;
  /**
   * Origins of pages that may use this server beside those that it serves itself: `["https://app.example"]`, or `["*"]`.
   * No answer ever allows credentials.
   */
  readonly allowedOrigins?: readonly string[] | undefined;
  /** Who somebody is, by his token (docs/auth.md). Default: nobody is asked. */
  readonly auth?: Authenticate | undefined;
  /** Whether somebody may do something on a channel. Default: everything is allowed, but for what his token does not. */
  readonly authorize?: Authorize | undefined;
  /**
   * Gets an entry for each refusal, each revocation and the end of the server (docs/logs.md); of refusals only so many that no attack
   * can flood it. Default: the log gets them, as lines of level `info` with `"audit": true`.
   */
  readonly audit?: AuditSink | undefined;
  /**
   * Without `auth` only requests for `localhost`, `127.0.0.1` and `[::1]` are answered. `true` answers to any host name nevertheless:
   * whoever reaches the port reads and writes every channel.
   */
  readonly insecure?: boolean | undefined;
  /**
   * With a contract: whether what the server itself publishes is validated as well. Default: true. `false` spares the work where its
   * types are trusted; what clients publish is always validated.
   */
  readonly validatePublishes?: boolean | undefined;
  /** Makes what keeps the logs, with this server's `limits`, `retention` and `keyWindowMs`; the server closes it. Default: memory. */
  readonly broker?: CreateBroker | undefined;
}

export interface Settings {
  readonly limits: Limits;
  readonly retention: Retention;
  readonly pingMs: number;
  readonly keyWindowMs: number;
  readonly presenceLeaseMs: number;
  readonly access: AccessOptions;
  readonly broker: CreateBroker;
  readonly validateOwn: boolean;
  readonly audit: AuditSink | undefined;
  readonly auth: Authenticate | undefined;
  readonly authorize: Authorize | undefined;
}

const NAMES = [
  "limits",
  "retention",
  "pingMs",
  "keyWindowMs",
  "presenceLeaseMs",
  "allowedOrigins",
  "audit",
  "auth",
  "authorize",
  "insecure",
  "validatePublishes",
  "broker",
] as const;

/**
 * @param platformNames options that the platform's own part has taken out already, for the sentence about unknown ones
 * @throws EitherwayError `bad-request` naming the option, its value and what to give instead
 */
export function readOptions(options: EitherwayOptions, platformNames: readonly string[] = []): Settings {
  checkOptionNames(options, [...NAMES, ...platformNames]);
  const {
    allowedOrigins = [],
    audit,
    auth,
    authorize,
    insecure = false,
    validatePublishes = true,
    broker = createMemoryBroker,
  } = options;
  if (audit !== undefined && typeof audit !== "function") throw wrong("audit", audit, "a function");
  if (auth !== undefined && typeof auth !== "function") throw wrong("auth", auth, "a function");
  if (authorize !== undefined && typeof authorize !== "function") throw wrong("authorize", authorize, "a function");
  if (typeof insecure !== "boolean") throw wrong("insecure", insecure, "true or false");
  if (typeof validatePublishes !== "boolean") throw wrong("validatePublishes", validatePublishes, "true or false");
  if (!Array.isArray(allowedOrigins)) throw wrong("allowedOrigins", allowedOrigins, "a list of origins");
  for (const origin of allowedOrigins) checkOrigin(origin);
  if (typeof broker !== "function") throw wrong("broker", broker, "a function that makes one");
  const defaults = {
    pingMs: DEFAULT_PING_MS,
    keyWindowMs: DEFAULT_KEY_WINDOW_MS,
    presenceLeaseMs: DEFAULT_PRESENCE_LEASE_MS,
  };
  const { pingMs, keyWindowMs, presenceLeaseMs } = options;
  return {
    limits: withDefaults(DEFAULT_LIMITS, readAmounts<Limits>(options.limits, "limits"), "limits"),
    retention: withDefaults(DEFAULT_RETENTION, readAmounts<Retention>(options.retention, "retention"), "retention"),
    ...withDefaults(
      defaults,
      readAmounts<typeof defaults>({ pingMs, keyWindowMs, presenceLeaseMs }, "options"),
      "options",
    ),
    access: { allowedOrigins, insecure: insecure || auth !== undefined },
    broker,
    validateOwn: validatePublishes,
    audit,
    auth,
    authorize,
  };
}

/** An origin as browsers send it. Apps in a web view have schemes of their own (`capacitor://localhost`). */
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^/?#@*\s,]+$/;

function checkOrigin(origin: unknown): void {
  if (origin === "*") return;
  const isNormal = (text: string): boolean => !text.startsWith("http") || new URL(text).origin === text;
  if (typeof origin === "string" && ORIGIN.test(origin) && URL.canParse(origin) && isNormal(origin)) return;
  throw wrong(
    "allowedOrigins",
    origin,
    'origins as browsers send them, such as "https://app.example" (lower case, no path, no slash at the end), or "*"',
  );
}

function wrong(name: string, value: unknown, wanted: string): EitherwayError {
  return new EitherwayError("bad-request", `Option ${name} has ${quote(String(value))}; give ${wanted}.`);
}

/** The right to run something once, and what came of it. */
import { randomUUID } from "node:crypto";
import type { Claim, ClaimRequest, Settlement } from "../core/index.ts";
import type { ErrorCode } from "../protocol/index.ts";
import type { RedisConnection } from "./connection.ts";
import type { KeyNames } from "./key-names.ts";
import { decodeMessage, encodeMessage } from "./message-codec.ts";
import { loadScript } from "./scripts.ts";

export interface Claims {
  claim(scope: string, key: string, request: ClaimRequest): Promise<Claim>;
  settle(scope: string, key: string, settlement: Settlement): Promise<void>;
}

interface ClaimsOptions {
  readonly connection: RedisConnection;
  readonly names: KeyNames;
  readonly keyWindowMs: number;
  readonly replicas: number;
}

const CLAIM = loadScript("claim");
const SETTLE = loadScript("settle");

export function createClaims({ connection, names, keyWindowMs, replicas }: ClaimsOptions): Claims {
  return {
    async claim(scope, key, { print, leaseMs, repeatable }) {
      // The token makes it repeatable: who is asked again by the same attempt answers as the first time.
      const args = [String(print), randomUUID(), String(leaseMs), repeatable ? "1" : "0", String(keyWindowMs)];
      const reply = await connection.run(CLAIM, [names.claim(scope, key)], args, { repeatable: true, replicas });
      const [state, settlement] = reply as [Buffer, Buffer | undefined];
      return settlement
        ? { state: "settled", settlement: decodeSettlement(settlement) }
        : ({ state: state.toString("latin1") } as Claim);
    },
    async settle(scope, key, settlement) {
      const args = [encodeSettlement(settlement), String(keyWindowMs)];
      await connection.run(SETTLE, [names.claim(scope, key)], args, { repeatable: true, replicas });
    },
  };
}

/** As the event of a message whose payload is the answer: bytes stay bytes. */
const ANSWER = "answer";
const NO_ANSWER = "none";
const FAILURE = "failure";

interface FailureFields {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details?: string;
}

function encodeSettlement(settlement: Settlement): Buffer {
  if (settlement.ok) {
    const { answer } = settlement;
    return encodeMessage(
      answer ? { event: ANSWER, payload: answer } : { event: NO_ANSWER, payload: { kind: "text", data: "" } },
    );
  }
  const { code, message, details } = settlement;
  return encodeMessage({ event: FAILURE, payload: { kind: "json", data: JSON.stringify({ code, message, details }) } });
}

function decodeSettlement(blob: Buffer): Settlement {
  const { event, payload } = decodeMessage(blob, 0, 0);
  if (event === ANSWER) return { ok: true, answer: payload };
  if (event === NO_ANSWER || payload.kind === "bytes") return { ok: true, answer: undefined };
  return { ok: false, ...(JSON.parse(payload.data) as FailureFields) };
}

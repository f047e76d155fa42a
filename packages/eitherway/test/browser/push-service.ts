/** A Web Push service on this machine: it looks at who sends (VAPID, RFC 8292), and reads what only the browser should (RFC 8291). */
import {
  createDecipheriv,
  createECDH,
  createPublicKey,
  type ECDH,
  hkdfSync,
  randomBytes,
  randomUUID,
} from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jwtVerify } from "jose";
import { onTestFinished, vi } from "vitest";
import { createSelfSignedCertificate } from "../../src/node/index.ts";

export interface PushService {
  /** With its port. */
  readonly host: string;
  /** For `NODE_EXTRA_CA_CERTS`. */
  readonly certificateFile: string;
  /** A browser that was subscribed. */
  subscribe(publicKey: string): Browser;
}

export interface Browser {
  readonly subscription: {
    readonly endpoint: string;
    readonly keys: { readonly p256dh: string; readonly auth: string };
  };
  /** What has come for it, decrypted. */
  readonly pushes: readonly { readonly ttl: number; readonly content: unknown }[];
  /** Requests for it, refused ones too. */
  readonly asked: number;
  arrived(count: number): Promise<void>;
  /** From now on the service answers 410. */
  unsubscribe(): void;
}

interface Known extends Browser {
  take(request: IncomingMessage, body: Buffer, origin: string): Promise<number>;
}

const WAIT = { timeout: 30_000, interval: 20 }; // a busy machine

/** It ends with the test. */
export async function startPushService(): Promise<PushService> {
  const { cert, key } = await createSelfSignedCertificate();
  const folder = await mkdtemp(join(tmpdir(), "push-"));
  const certificateFile = join(folder, "certificate.pem");
  await writeFile(certificateFile, cert);
  const browsers = new Map<string, Known>();
  const server = createServer({ cert, key }, (request, response) => void answer(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) body.push(chunk);
    const browser = browsers.get(request.url ?? "");
    const status = browser ? await browser.take(request, Buffer.concat(body), `https://${host}`) : 404;
    response.writeHead(status).end();
  }

  return {
    host,
    certificateFile,
    subscribe(publicKey) {
      const path = `/push/${randomUUID()}`;
      const browser = createBrowser(`https://${host}${path}`, publicKey);
      browsers.set(path, browser);
      return browser;
    },
  };
}

function createBrowser(endpoint: string, publicKey: string): Known {
  const own = createECDH("prime256v1");
  const p256dh = own.generateKeys();
  const auth = randomBytes(16);
  const pushes: { ttl: number; content: unknown }[] = [];
  let asked = 0;
  let isGone = false;

  return {
    subscription: { endpoint, keys: { p256dh: p256dh.toString("base64url"), auth: auth.toString("base64url") } },
    pushes,
    get asked() {
      return asked;
    },
    async arrived(count) {
      await vi.waitFor(() => {
        if (asked < count) throw new Error(`${asked} of ${count} pushes were asked for`);
      }, WAIT);
    },
    unsubscribe() {
      isGone = true;
    },
    async take({ headers }, body, origin) {
      try {
        if (isGone) return 410;
        await checkSender(headers.authorization ?? "", publicKey, origin);
        if (headers["content-encoding"] !== "aes128gcm") return 415;
        pushes.push({ ttl: Number(headers.ttl), content: JSON.parse(decrypt(body, own, auth).toString("utf8")) });
        return 201;
      } catch (thrown) {
        pushes.push({ ttl: Number.NaN, content: String(thrown) });
        return 403;
      } finally {
        asked++;
      }
    },
  };
}

/** `vapid t=<JWT>, k=<key>`: signed by the key that the browser subscribed with, for this service, and soon over. */
async function checkSender(authorization: string, publicKey: string, audience: string): Promise<void> {
  const [, token = "", key] = /^vapid t=([^,]+), ?k=(.+)$/.exec(authorization) ?? [];
  if (key !== publicKey) throw new Error("the key is not the one that was subscribed with");
  const { payload } = await jwtVerify(token, publicKeyOf(key), {
    algorithms: ["ES256"],
    audience,
    maxTokenAge: undefined,
  });
  if (!/^(?:mailto:|https:\/\/)/.test(String(payload.sub))) throw new Error("nobody to ask is named");
  if ((payload.exp ?? Number.POSITIVE_INFINITY) > Date.now() / 1_000 + 24 * 60 * 60)
    throw new Error("valid for too long");
}

/** An uncompressed point: 4, x, y. */
function publicKeyOf(key: string): ReturnType<typeof createPublicKey> {
  const point = Buffer.from(key, "base64url");
  const [x, y] = [point.subarray(1, 33).toString("base64url"), point.subarray(33).toString("base64url")];
  const jwk = { kty: "EC", crv: "P-256", x, y };
  return createPublicKey({ key: jwk, format: "jwk" });
}

/** RFC 8291, 3.4, and the one record that RFC 8188 makes of it: salt (16), record size (4), key length (1), key, ciphertext, tag (16). */
function decrypt(body: Buffer, own: ECDH, auth: Buffer): Buffer {
  const salt = body.subarray(0, 16);
  const keyEnd = 21 + (body[20] ?? 0);
  const sender = body.subarray(21, keyEnd);
  const info = Buffer.concat([Buffer.from("WebPush: info\0"), own.getPublicKey(), sender]);
  const derive = (secret: Buffer, with_: Buffer, about: Buffer | string, length: number): Buffer =>
    Buffer.from(hkdfSync("sha256", secret, with_, about, length));
  const secret = derive(own.computeSecret(sender), auth, info, 32);
  const decipher = createDecipheriv(
    "aes-128-gcm",
    derive(secret, salt, "Content-Encoding: aes128gcm\0", 16),
    derive(secret, salt, "Content-Encoding: nonce\0", 12),
  );
  decipher.setAuthTag(body.subarray(-16));
  const padded = Buffer.concat([decipher.update(body.subarray(keyEnd, -16)), decipher.final()]);
  return padded.subarray(0, padded.lastIndexOf(2)); // the delimiter of the last record
}

/** A certificate for this machine's own names, so that HTTP/2 can be tried without a certificate authority. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { EitherwayError } from "../protocol/index.ts";

export interface Certificate {
  /** PEM. */
  readonly cert: string;
  /** PEM, not encrypted. */
  readonly key: string;
}

/** A certificate that lives as long as a project's first weeks; each start makes a new one. */
const DAYS = "90";

const OPENSSL_MS = 20_000;

// A file, because older openssl and LibreSSL know no -addext.
const CONFIG = `
[req]
prompt = no
distinguished_name = name
x509_extensions = extensions
[name]
CN = localhost
O = Eitherway self-signed
[extensions]
subjectAltName = DNS:localhost, IP:127.0.0.1, IP:::1
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
`;

/**
 * Makes a key and a certificate for `localhost`, `127.0.0.1` and `::1` with the `openssl` command. Browsers warn once about it.
 *
 * @param openssl the command; default: `openssl` from the path
 * @throws EitherwayError `unavailable` where there is no such command, or it fails
 */
export async function createSelfSignedCertificate(openssl = "openssl"): Promise<Certificate> {
  const folder = await mkdtemp(join(tmpdir(), "eitherway-tls-")); // readable by this user only
  try {
    const [config, keyFile, certFile] = [join(folder, "config"), join(folder, "key"), join(folder, "cert")];
    await writeFile(config, CONFIG);
    await run(openssl, ["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", keyFile]);
    await run(openssl, [
      "req",
      "-x509",
      "-new",
      "-sha256",
      "-key",
      keyFile,
      "-days",
      DAYS,
      "-config",
      config,
      "-out",
      certFile,
    ]);
    return { cert: await readFile(certFile, "utf8"), key: await readFile(keyFile, "utf8") };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const execFileAsync = promisify(execFile);

async function run(command: string, args: readonly string[]): Promise<void> {
  try {
    await execFileAsync(command, args, { timeout: OPENSSL_MS });
  } catch (cause) {
    const { code, stderr } = cause as { code?: unknown; stderr?: string };
    const why =
      code === "ENOENT"
        ? `the command ${command} is not there; install openssl`
        : `${command} failed (${stderr?.trim() || String(cause)}); check it`;
    throw new EitherwayError(
      "unavailable",
      `No self-signed certificate could be made: ${why}, or give a certificate with --tls-cert and --tls-key.`,
      { cause },
    );
  }
}

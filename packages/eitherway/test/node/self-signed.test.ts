import { X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { createSelfSignedCertificate } from "../../src/node/index.ts";

test("makes a certificate for localhost, 127.0.0.1 and ::1 that its key belongs to", async () => {
  const { cert, key } = await createSelfSignedCertificate();
  const certificate = new X509Certificate(cert);
  expect(certificate.checkHost("localhost")).toBe("localhost");
  expect(certificate.checkIP("127.0.0.1")).toBe("127.0.0.1");
  expect(certificate.checkIP("::1")).toBe("::1");
  expect(certificate.checkHost("example.org")).toBeUndefined();
  const { createPrivateKey } = await import("node:crypto");
  expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true);
  expect(new Date(certificate.validTo).getTime()).toBeGreaterThan(Date.now() + 80 * 24 * 60 * 60_000);
});

test("says what to do where there is no openssl (P12)", async () => {
  await expect(createSelfSignedCertificate("no-such-openssl")).rejects.toMatchObject({
    code: "unavailable",
    message: expect.stringMatching(/no-such-openssl is not there; install openssl, or .* --tls-cert/),
  });
});

test("says what openssl said when it fails", async () => {
  await expect(createSelfSignedCertificate("false")).rejects.toThrow(/false failed/);
});

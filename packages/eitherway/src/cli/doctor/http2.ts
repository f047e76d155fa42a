/** Whether a server offers HTTP/2, and whether what it answers there is legal. */
import { connect } from "node:http2";
import { isIP } from "node:net";
import { connect as connectTls } from "node:tls";

export interface Http2Answer {
  readonly offered: boolean;
  /** What is wrong with an answer over it. */
  readonly failure?: string;
}

export async function askHttp2(url: URL, timeoutMs: number): Promise<Http2Answer> {
  if ((await protocolOf(url, timeoutMs)) !== "h2") return { offered: false };
  const session = connect(url.origin, { rejectUnauthorized: false });
  try {
    return await new Promise((resolve) => {
      const fail = (error: Error): void => resolve({ offered: true, failure: error.message });
      session.on("error", fail);
      const stream = session.request({ ":path": url.pathname + url.search, accept: "text/event-stream" });
      stream.setTimeout(timeoutMs, () =>
        resolve({ offered: true, failure: `no answer within ${timeoutMs / 1_000} s` }),
      );
      stream.on("error", fail);
      stream.on("response", () => resolve({ offered: true }));
    });
  } finally {
    session.destroy();
  }
}

function protocolOf({ hostname, port }: URL, timeoutMs: number): Promise<string | false | null> {
  return new Promise((resolve) => {
    const socket = connectTls(
      {
        host: hostname,
        port: Number(port || 443),
        ...(isIP(hostname) === 0 && { servername: hostname }),
        ALPNProtocols: ["h2", "http/1.1"],
        rejectUnauthorized: false,
      },
      () => {
        resolve(socket.alpnProtocol);
        socket.destroy();
      },
    );
    socket.setTimeout(timeoutMs, () => socket.destroy());
    socket.on("error", () => resolve(null));
    socket.on("close", () => resolve(null));
  });
}

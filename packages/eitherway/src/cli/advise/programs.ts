/** Programs to start from. Each compiles strictly as it stands. */
import { DEFAULT_PING_MS } from "../../core/index.ts";
import type { Path } from "./measured.ts";
import type { Answers } from "./questions.ts";
import { type ServerSettings, sharesTabs } from "./settings.ts";

export interface Program {
  /** A file name. */
  readonly name: string;
  readonly language: "ts" | "sh";
  readonly text: string;
}

const CHANNEL = "room/42";

export function serverProgram({ direction }: Answers, settings: ServerSettings): Program {
  const publishes = `\nsetInterval(() => void ew.publish("${CHANNEL}", { now: Date.now() }), 1_000);\n`;
  return {
    name: "server.ts",
    language: "ts",
    text: `import { createServer } from "node:http";
import { eitherway } from "eitherway";

const server = createServer();
const ew = eitherway(${optionsText(settings)});
ew.attach(server); // everything below /eitherway
server.listen(3000, "127.0.0.1");
${direction === "down" ? publishes : ""}`,
  };
}

function optionsText({ limits, retention, pingMs, proxied }: ServerSettings): string {
  const lines = [
    ...groupText("limits", limits),
    ...groupText("retention", retention),
    ...(pingMs === DEFAULT_PING_MS ? [] : [`pingMs: ${digitsText(pingMs)},`]),
    ...(proxied ? ["trustProxy: 1,", "insecure: true, // until auth says who may come: docs/auth.md"] : []),
  ];
  return lines.length === 0 ? "" : `{\n${lines.map((line) => `  ${line}\n`).join("")}}`;
}

function groupText(name: string, group: Readonly<Record<string, number | string>>): string[] {
  const settings = Object.entries(group).map(
    ([key, value]) => `${key}: ${typeof value === "number" ? digitsText(value) : JSON.stringify(value)}`,
  );
  return settings.length === 0 ? [] : [`${name}: { ${settings.join(", ")} },`];
}

/** `120_000` */
function digitsText(value: number): string {
  return value.toLocaleString("en").replaceAll(",", "_");
}

/** The best way first, then the others that Eitherway has: what lies between may be another one tomorrow. */
const ORDERS: Readonly<Record<Path, readonly string[]>> = {
  websocket: ["websocket", "sse", "poll"],
  sse: ["sse", "websocket", "poll"],
  poll: ["poll", "sse", "websocket"],
};

export function clientProgram(answers: Answers, way: Path): Program {
  const shares = sharesTabs(answers, way);
  const binary = way === "websocket" && answers.binary > 0;
  const counted = way === "sse" && answers.platform === "browsers" && answers.http2 === "no";
  const order = shares ? ["shared", ...ORDERS[way]] : ORDERS[way];
  const inPage = answers.platform === "browsers";
  const options = [
    `url: "${inPage ? "/eitherway" : "https://app.example/eitherway"}",`,
    `transport: [${order.map((name) => `"${name}"`).join(", ")}],`,
    ...(shares ? ['share: shareTabs({ user: "ana" }), // who is logged in'] : []),
    ...(counted ? ['streamChange: "break-first", // HTTP/1.1 has few connections'] : []),
    ...(binary ? ["framing: binary, // bytes stay bytes"] : []),
  ];
  return {
    name: "client.ts",
    language: "ts",
    text: `import { createClient } from "eitherway/client";
${binary ? 'import { binary } from "eitherway/client/binary";\n' : ""}${shares ? 'import { shareTabs } from "eitherway/client/tabs";\n' : ""}
const client = createClient({
${options.map((option) => `  ${option}\n`).join("")}});
const room = client.channel("${CHANNEL}");
room.on("message", (data, meta) => console.log(meta.id, data));
room.on("gap", ({ why }) => console.log("load anew:", why));
${answers.direction === "down" ? "" : 'await room.publish({ text: "hi" });\n'}`,
  };
}

export function curlProgram(): Program {
  return {
    name: "client.sh",
    language: "sh",
    text: `curl -N 'https://app.example/eitherway/events?channel=${CHANNEL}'
curl -H 'content-type: application/json' -d '{"text":"hi"}' \\
  https://app.example/eitherway/channels/${CHANNEL}
`,
  };
}

export function pollingProgram({ staleness }: Answers): Program {
  return {
    name: "poll.ts",
    language: "ts",
    text: `const EVERY_MS = ${digitsText(staleness)};

/** "no-cache" asks with the ETag that the browser has: mostly a 304. */
export async function look(): Promise<void> {
  const answer = await fetch("/news.json", { cache: "no-cache" });
  if (answer.ok) console.log(await answer.json());
}

setInterval(() => void look().catch(console.error), EVERY_MS);
`,
  };
}

/** Two browsers; the channel carries the signals. */
export function peerProgram({ carries }: Answers): Program {
  return {
    name: "peer.ts",
    language: "ts",
    text: `import { createClient } from "eitherway/client";

interface Signal {
  from: string;
  description?: RTCSessionDescriptionInit | null;
  candidate?: RTCIceCandidateInit;
}

const client = createClient({ url: "/eitherway" });

/** Connects two browsers by a channel that no others use; one of them offers. */
export async function connect(pair: string, offers: boolean) {
  const signals = client.channel<Signal>(\`signals/\${pair}\`, { from: "start" });
  const peer = new RTCPeerConnection({ iceServers: [{ urls: "stun:stun.example.org" }] });
${PEER_CONTENTS[carries]}
  const describe = async () => {
    await peer.setLocalDescription();
    await signals.publish({ from: client.id, description: peer.localDescription });
  };
  peer.onicecandidate = ({ candidate }) => {
    if (candidate) void signals.publish({ from: client.id, candidate: candidate.toJSON() });
  };
  signals.on("message", async ({ from, description, candidate }) => {
    if (from === client.id) return;
    if (candidate) await peer.addIceCandidate(candidate);
    if (!description) return;
    await peer.setRemoteDescription(description);
    if (description.type === "offer") await describe();
  });
  if (offers) await describe();
  return { peer, ${carries === "media" ? "media" : "data"} };
}
`,
  };
}

const PEER_CONTENTS: Readonly<Record<Answers["carries"], string>> = {
  messages: `  const data = peer.createDataChannel("updates", {
    negotiated: true,
    id: 0,
    ordered: false,
    maxRetransmits: 0, // what is late is dropped
  });`,
  files: `  const data = peer.createDataChannel("files", { negotiated: true, id: 0 });`,
  media: `  const media = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
  for (const track of media.getTracks()) peer.addTrack(track, media);`,
};

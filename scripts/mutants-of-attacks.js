/**
 * Breaks that let an attack through: the suite in test/attacks has to see each, at a server that listens. Over 400 lines because it is a list.
 */

const VERIFIER = "server/tokens/token-verifier.ts";
const NAMES = "protocol/names.ts";
const READER = "transports/websocket-reader.ts";
const TOKENS = ["attacks/tokens.test.ts"];
const ESCAPES = ["attacks/escapes.test.ts"];
const INJECTION = ["attacks/injection.test.ts"];
const FLOODS = ["attacks/floods.test.ts"];
const THEFT = ["attacks/theft.test.ts"];

/** @type {readonly import("./mutants-list.js").Mutant[]} */
export const mutantsOfAttacks = [
  // --- forged tokens ---
  {
    title: "attack: a token of alg none is believed",
    file: VERIFIER,
    search: "    const header = readHeader(token, keys.algorithms);",
    replace: `    const [head, claimed] = token.split(".", 2).map((part) => Buffer.from(part, "base64url").toString());
    if (head?.includes('"none"')) return readGrant(JSON.parse(claimed ?? ""), { userClaim, toleranceMs, now: clock.wall() });
    const header = readHeader(token, keys.algorithms);`,
    tests: TOKENS,
  },
  {
    title: "attack: a public key is a secret where the token says HS256",
    file: "server/tokens/token-keys.ts",
    search: "  if (publicKey !== undefined) return publicKeyOf(publicKey, choose(options, WITH_PAIR));",
    replace: `  if (publicKey !== undefined) {
    const own = publicKeyOf(publicKey, choose(options, WITH_PAIR));
    const find: TokenKeys["find"] = async (header) =>
      header.alg === "HS256" ? [new TextEncoder().encode(String(publicKey))] : own.find(header);
    return { ...own, algorithms: TOKEN_ALGORITHMS, find };
  }`,
    tests: TOKENS,
  },
  {
    title: "attack: a kid has any length",
    file: VERIFIER,
    search: " || kid.length > MAX_KID_LENGTH",
    replace: "",
    tests: TOKENS,
  },
  {
    title: "attack: an issuer that hangs is waited for without end",
    file: "server/tokens/fetch-key-set.ts",
    search: "clock.after(KEY_SET_TIME_LIMIT_MS, () => limit.abort(late))",
    replace: "clock.after(KEY_SET_TIME_LIMIT_MS, () => void late)",
    tests: TOKENS,
  },
  {
    title: "attack: an expired token is taken",
    file: VERIFIER,
    search: "const toleranceMs = readTolerance(options.clockToleranceMs);",
    replace: "const toleranceMs = readTolerance(options.clockToleranceMs) + MAX_TOLERANCE_MS;",
    tests: TOKENS,
  },
  {
    title: "attack: a token that is not yet valid is taken",
    file: VERIFIER,
    search: "currentDate: new Date(now),",
    replace: "currentDate: new Date(now), clockTolerance: 120,",
    tests: TOKENS,
  },
  {
    title: "attack: a token for another audience is taken",
    file: VERIFIER,
    search: "...(audience && { audience }),",
    replace: "",
    tests: TOKENS,
  },
  {
    title: "attack: the head of a token that cannot be read is an error of the server",
    file: VERIFIER,
    search: "    return decodeProtectedHeader(token);\n  } catch {",
    replace: "    return decodeProtectedHeader(token);\n  } catch (thrown) {\n    if (token !== '') throw thrown;",
    tests: ["fuzz/tokens.test.ts"],
  },
  {
    title: "attack: capabilities of another shape are an error of the server",
    file: "server/capabilities.ts",
    search: "if (!Array.isArray(actions)) throw",
    replace: "if (actions === null) throw",
    tests: ["fuzz/tokens.test.ts"],
  },

  // --- escapes ---
  {
    title: "attack: case of channel names does not count",
    file: "server/capabilities.ts",
    search: "segment === segments[at])",
    replace: "segment.toLowerCase() === segments[at]?.toLowerCase())",
    tests: ESCAPES,
  },
  {
    title: "attack: a name in NFD is another name for one in NFC",
    file: NAMES,
    search: " || name.normalize() !== name",
    replace: "",
    tests: ESCAPES,
  },
  {
    title: "attack: dots and empty segments are names of channels",
    file: NAMES,
    search: "/(?:^|\\/)\\.{0,2}(?:\\/|$)/",
    replace: "/^$/",
    tests: ESCAPES,
  },
  {
    title: "attack: NUL and line ends are parts of names",
    file: NAMES,
    search: "!UNFIT.test(text) && ",
    replace: "",
    tests: [...ESCAPES, ...INJECTION],
  },
  {
    title: "attack: a query is decoded twice",
    file: "transports/requests.ts",
    search: 'const value = at < 0 ? "" : decodePercent(pair.slice(at + 1), true);',
    replace: 'const value = at < 0 ? "" : decodePercent(decodePercent(pair.slice(at + 1), true));',
    tests: ESCAPES,
  },
  {
    title: "attack: an overlong slash in a path is one",
    file: "transports/requests.ts",
    search: 'decodeURIComponent(plusIsSpace ? text.replaceAll("+", " ") : text)',
    replace: 'decodeURIComponent((plusIsSpace ? text.replaceAll("+", " ") : text).replace(/%c0%af|%e0%80%af/gi, "/"))',
    tests: ESCAPES,
  },
  {
    title: "attack: text that is no UTF-8 is mended in frames",
    file: "node/upgraded-socket.ts",
    search: 'return isUtf8(buffer.subarray(from, to)) ? buffer.toString("utf8", from, to) : undefined;',
    replace: 'return isUtf8(buffer) || buffer.toString("utf8", from, to);',
    tests: ESCAPES,
  },
  {
    title: "attack: anybody may name a reserved log",
    file: NAMES,
    search: "if (RESERVED_SEGMENT.test(name)) {",
    replace: 'if (name === "@") {',
    tests: ESCAPES,
  },
  {
    title: "attack: the presence of a channel is nobody's",
    file: "core/authority.ts",
    search: "return rights?.check(channelOfLog(log), action);",
    replace: "return channelOfLog(log) === log ? rights?.check(log, action) : undefined;",
    tests: ESCAPES,
  },
  {
    title: "what stands behind the name of a reserved log is not looked at",
    file: NAMES,
    search: 'checkChannelName(name.replace(RESERVED_LOG, ""));',
    replace: "if (!RESERVED_LOG.test(name)) checkChannelName(name);",
    tests: ESCAPES,
  },
  {
    title: "a path is decoded twice",
    file: "transports/channels.ts",
    search: 'const name = decodePercent(path.replace(/^\\/channels\\//, ""));',
    replace: 'const name = decodePercent(decodePercent(path.replace(/^\\/channels\\//, "")));',
    tests: ESCAPES,
  },

  // --- injection ---
  {
    title: "an error sentence carries control characters on",
    file: NAMES,
    search: 'return JSON.stringify(short).split(MISLEADING).join("?");',
    replace: "return short;",
    tests: INJECTION,
  },
  {
    title: "attack: what somebody wrote comes back in a header",
    file: "transports/answers.ts",
    search: '    ...(retry && { "retry-after": String(seconds) }),',
    replace: '    ...(retry && { "retry-after": String(seconds) }),\n    "eitherway-why": decodeURIComponent(message),',
    tests: INJECTION,
  },
  {
    title: "attack: a refused handshake repeats its headers",
    file: "node/upgrade-door.ts",
    search: 'if (error.code === "bad-request") refuseUpgrade(socket, errorAnswer(error));',
    replace: `if (error.code === "bad-request") {
        const answer = errorAnswer(error);
        const asked = decodeURIComponent(JSON.stringify(request.headers)).slice(1, -1);
        refuseUpgrade(socket, { ...answer, headers: { ...answer.headers, asked } });
      }`,
    tests: INJECTION,
  },
  {
    title: "attack: a CR in a payload ends a line of an event stream",
    file: "protocol/sse-block.ts",
    search: "data.split(LINE_END)",
    replace: 'data.split("\\n")',
    tests: INJECTION,
  },
  {
    title: "attack: calls are looked up among what every object has",
    file: "server/contract-calls.ts",
    search: "const one = registered.get(match.type)?.get(name);",
    replace: "const one = (Object.fromEntries(registered.get(match.type) ?? []) as Record<string, Registered>)[name];",
    tests: INJECTION,
  },
  {
    title: "attack: what a payload says of a prototype becomes one",
    file: "protocol/json-fields.ts",
    search: "  const frame = asObject(value);",
    replace: "  const frame = asObject(Object.assign({}, value));",
    tests: INJECTION,
  },

  // --- floods ---
  {
    title: "attack: a socket that says no hello stays",
    file: "transports/websocket.ts",
    search: "    hub.wheel.schedule(this, hub.limits.helloMs);",
    replace: "",
    tests: FLOODS,
  },
  {
    title: "attack: a body may take as long as it likes",
    file: "node/request-body.ts",
    search: "const stopDeadline = clock.after(ms, () => {",
    replace: "const stopDeadline = clock.after(ms * 1_000, () => {",
    tests: FLOODS,
  },
  {
    title: "attack: a head may take as long as it likes",
    file: "node/node-server.ts",
    search: "headersTimeout: headersMs,",
    replace: "headersTimeout: 0 * headersMs,",
    tests: FLOODS,
  },
  {
    title: "attack: a link that takes nothing stays",
    file: "core/session.ts",
    search: "    wheel.schedule(this.#slowDeadline, limits.slowMs);",
    replace: "",
    tests: FLOODS,
  },
  {
    title: "attack: a length of 64 bits may have its highest one set",
    file: READER,
    search: "((held[START_BYTES] as number) & HIGHEST_BIT) !== 0",
    replace: "((held[START_BYTES] as number) & HIGHEST_BIT) > HIGHEST_BIT",
    tests: FLOODS,
  },
  {
    title: "attack: a frame has any length",
    file: READER,
    search: "if (!isControl && unfinished.length + length > limit) return",
    replace: "if (!isControl && length > limit * 1e9) return",
    tests: FLOODS,
  },
  {
    title: "attack: frames are taken that say they are compressed",
    file: READER,
    search: "if ((first & RESERVED_BITS) !== 0) return",
    replace: "if ((first & RESERVED_BITS) > RESERVED_BITS) return",
    tests: FLOODS,
  },
  {
    title: "attack: compression is agreed to",
    file: "node/upgrade-exchange.ts",
    search: "\\r\\nSec-WebSocket-Accept: ",
    replace: "\\r\\nSec-WebSocket-Extensions: permessage-deflate\\r\\nSec-WebSocket-Accept: ",
    tests: FLOODS,
  },
  {
    title: "attack: a body that says it is compressed is inflated",
    file: "node/request-body.ts",
    search: "        const body = Buffer.concat(chunks, size);",
    replace: `        const isZipped = request.headers["content-encoding"] === "gzip";
        const whole = Buffer.concat(chunks, size);
        const body = isZipped ? process.getBuiltinModule("node:zlib").gunzipSync(whole) : whole;`,
    tests: FLOODS,
  },
  {
    title: "attack: every pong waits for who takes none",
    file: "node/upgraded-socket.ts",
    search: "if (this.#pong !== undefined) this.#pong = pong;",
    replace: "if (this.#pong !== undefined) this.#raw.write(pong);",
    tests: FLOODS,
  },
  {
    title: "attack: a link subscribes to as much as it likes",
    file: "core/session.ts",
    search: "if (count >= most) throw tooManySubscriptions(channel, most);",
    replace: "",
    tests: FLOODS,
  },
  {
    title: "attack: who only asks about a channel makes its log",
    file: "transports/channels.ts",
    search: "  const page = await hub.broker.readBefore(channel, before, limit);",
    replace:
      "  await (await hub.broker.watch(channel, () => {}))();\n  const page = await hub.broker.readBefore(channel, before, limit);",
    tests: FLOODS,
  },
  {
    title: "attack: keys are kept without end",
    file: "core/key-memory.ts",
    search: "size > most && oldest && oldest !== memory",
    replace: "size > most * 100 && oldest && oldest !== memory",
    tests: FLOODS,
  },
  {
    title: "attack: a server takes one link more, and one more",
    file: "core/seats.ts",
    search: "if (taken >= limits.links) throw refused(sitter, serverIsFull(limits.links));",
    replace: "",
    tests: FLOODS,
  },
  {
    title: "attack: sockets that say nothing have no seat",
    file: "transports/websocket.ts",
    search: "  hub.seats.take({ remote });\n  const socket",
    replace: "  const socket",
    tests: FLOODS,
  },
  {
    title: "attack: connections that break off in their head end the server",
    file: "node/unread-requests.ts",
    search: '      return code.startsWith("HPE_") ? noHttp(code) : undefined;',
    replace: `      if (code === "ECONNRESET" && !answering(socket)) (server as unknown as { close(): void }).close();
      return code.startsWith("HPE_") ? noHttp(code) : undefined;`,
    tests: FLOODS,
  },
  {
    title: "attack: connections that say nothing and are reset end the server",
    file: "node/read-ahead.ts",
    search: '    socket.on("error", ignore);',
    replace: '    socket.on("error", (error) => server.close(() => ignore.call(error)));',
    tests: FLOODS,
  },
  {
    title: "attack: a body that broke off is an error of the server",
    file: "node/request-body.ts",
    search: "      fail(bodyCut(size));",
    replace: '      reject(new Error("cut"));',
    tests: FLOODS,
  },
  {
    title: "attack: a handshake that broke off waits for its hello",
    file: "transports/websocket.ts",
    search: "  closed(): void {\n    this.#leaveWaiting();",
    replace: "  closed(): void {",
    tests: FLOODS,
  },
  {
    title: "attack: a link that broke off is counted for ever",
    file: "transports/websocket.ts",
    search: "    this.#session?.closed();",
    replace: "",
    tests: FLOODS,
  },

  // --- theft ---
  {
    title: "a ticket is taken from a page of a sister site",
    file: "transports/tickets.ts",
    search: 'if (site !== "same-origin")',
    replace: 'if (site === "cross-site")',
    tests: THEFT,
  },
  {
    title: "attack: a ticket is as good as a token",
    file: "transports/requests.ts",
    search: 'return BEARER.exec(exchange.header("authorization") ?? "")?.[1];',
    replace:
      'return (BEARER.exec(exchange.header("authorization") ?? "") ?? /ticket=([^;]+)/.exec(exchange.header("cookie") ?? ""))?.[1];',
    tests: THEFT,
  },
  {
    title: "attack: a command that is sent again is done again",
    file: "core/broker-core.ts",
    search: "if (place) keys.keep(place, print, message.seq, now);",
    replace: "",
    tests: THEFT,
  },
  {
    title: "attack: a call that is sent again runs again",
    file: "core/key-memory.ts",
    search: "if (known.settlement) return",
    replace: "if (known.settlement && repeatable) return",
    tests: THEFT,
  },
  {
    title: "a key counts for everybody who has it",
    file: "core/command-key.ts",
    search: 'const user = who.user ?? "";',
    replace: 'const user = "";',
    tests: THEFT,
  },
  {
    title: "attack: an idempotency key counts for everybody who has it",
    file: "transports/channels.ts",
    search: 'return { kind: "foreign", user, key };',
    replace: 'return { kind: "foreign", user: "", key };',
    tests: THEFT,
  },
  {
    title: "attack: a client id is enough to leave for its user",
    file: "core/hub-presence.ts",
    search: "return { member: who.user ?? who.client, holder: holderOf(who), key };",
    replace: "return { member: who.client, holder: who.client, key };",
    tests: THEFT,
  },
  {
    title: "a guest is present under a user's name",
    file: "server/authenticator.ts",
    search: 'if (auth && user === undefined && action === "presence")',
    replace: 'if (auth && user === null && action === "presence")',
    tests: THEFT,
  },
];

/** The chat's page. */
import { type MouseEvent, useEffect, useReducer, useState } from "react";
import { Figure } from "../frame/instrument.tsx";
import { mount } from "../frame/mount.tsx";
import { PageFrame } from "../frame/page-frame.tsx";
import { client, enterRoom, type Stay, sendMessage, shaper, useRoom, visitor } from "./client.ts";
import { ROOMS, type Room as RoomEntry } from "./contract.ts";
import { Room } from "./room.tsx";

const BURST = 50;
const SOURCES = ["contract.ts", "server.ts", "client.ts"];

function Chat() {
  const [room, setRoom] = useState(roomOfUrl);
  const { stay, typing } = useStay(room.id);

  useEffect(() => {
    const onBack = (): void => setRoom(roomOfUrl());
    addEventListener("popstate", onBack);
    return () => removeEventListener("popstate", onBack);
  }, []);

  function open(event: MouseEvent, next: RoomEntry): void {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return; // a new tab
    event.preventDefault();
    const query = new URLSearchParams(location.search);
    query.set("room", next.id);
    history.pushState(null, "", `?${query}`);
    setRoom(next);
  }

  return (
    <PageFrame
      client={client}
      shaper={shaper}
      why={<Why />}
      sources={SOURCES}
      figures={<Proof id={room.id} stay={stay} />}
    >
      <div className="chat">
        <nav className="rooms" aria-label="Rooms">
          {ROOMS.map((one) => (
            <a
              key={one.id}
              href={`?room=${one.id}`}
              aria-current={one.id === room.id ? "page" : undefined}
              onClick={(event) => open(event, one)}
            >
              {one.name}
            </a>
          ))}
        </nav>
        <Room key={room.id} room={room} visitor={visitor} typing={typing} />
      </div>
    </PageFrame>
  );
}

function roomOfUrl(): RoomEntry {
  const wanted = new URLSearchParams(location.search).get("room");
  const [lobby] = ROOMS;
  const room = ROOMS.find(({ id }) => id === wanted) ?? lobby;
  if (!room) throw new Error("There are no rooms.");
  return room;
}

/** Is in the room, and tells who is writing there. */
function useStay(id: string) {
  const [stay, setStay] = useState<Stay>();
  const [, changed] = useReducer((times: number) => times + 1, 0);

  useEffect(() => {
    const entered = enterRoom(id, changed);
    setStay(entered);
    return entered.leave;
  }, [id]);

  useEffect(() => {
    const end = stay?.typing.nextEnd();
    if (end === undefined) return;
    const timer = setTimeout(changed, end - Date.now());
    return () => clearTimeout(timer);
  });

  return { stay, typing: stay?.typing.users(Date.now()) ?? [] };
}

const WHOLE = "Nothing lost, nothing doubled";
const BROKEN = "Something was lost or doubled";

/** What holds, by the numbers that senders gave their messages. */
function Proof({ id, stay }: { readonly id: string; readonly stay: Stay | undefined }) {
  useRoom(id); // renders with what comes
  const { checked = 0, lost = 0, doubled = 0 } = stay?.proof ?? {};
  const isWhole = lost === 0 && doubled === 0;
  return (
    <>
      <dl className="counters">
        <Figure name="Received" value={checked} />
        <Figure name="Lost" value={lost} />
        <Figure name="Doubled" value={doubled} />
      </dl>
      <p className="verdict" data-verdict={checked === 0 ? "none" : isWhole ? "whole" : "broken"}>
        {checked === 0 ? "Nothing to check yet" : isWhole ? WHOLE : BROKEN}
      </p>
      <button type="button" onClick={() => sendBurst(id)}>
        Send {BURST} at once
      </button>
    </>
  );
}

/** Pressed twice it is more than the server takes at once of one user: it is slower then, and no more. */
function sendBurst(id: string): void {
  for (let number = 1; number <= BURST; number++) sendMessage(id, `${number} of ${BURST}`);
}

function Why() {
  return (
    <>
      <p>
        A chat is two-way, so WebSocket comes first; over SSE and long-poll it is the same chat with more requests.
        Messages are reliable: kept in the room's log, each of them once and in order for everybody.
      </p>
      <p>
        Who is writing is volatile, kept nowhere. How far somebody has read is latest: of each user the newest mark.
        Edits and deletions are messages of their own, which name a message by its sender's number.
      </p>
      <p>
        A message waits on this device until it is stored, through cuts and reloads, and has a key, so it is stored
        once. The server takes 20 a second of one user: what is faster waits, and nothing is refused.
      </p>
    </>
  );
}

mount(<Chat />);

/** What stands above a room: its name, who is here, where one is in it, and who one is oneself. */
import { type SubmitEvent, useState } from "react";
import { nameOf, type Visitor } from "../frame/visitor.ts";
import { hueOf } from "./message-list.tsx";
import { type Placed, placeOf } from "./slice.ts";
import type { Look } from "./use-slice.ts";

export interface RoomHeadProps {
  readonly name: string;
  readonly members: readonly { readonly member: string }[];
  readonly visitor: Visitor;
  readonly look: Look<Placed>;
  /** The newest message of the room. */
  readonly head: string | undefined;
}

const MOST_FACES = 5;

export function RoomHead({ name, members, visitor, look, head }: RoomHeadProps) {
  const names = members.map(({ member }) => nameOf(member)).join(", ");
  return (
    <header className="room-head">
      <h2 id="room">{name}</h2>
      <p className="present" title={names}>
        <span className="unseen">Here: {names}</span>
        {members.slice(0, MOST_FACES).map(({ member }) => (
          <span key={member} className="face" aria-hidden="true" data-hue={hueOf(member)}>
            {nameOf(member).slice(0, 1)}
          </span>
        ))}
        {members.length > MOST_FACES && <span className="quiet">+{members.length - MOST_FACES}</span>}
      </p>
      <p className="place quiet">{placeText(look, head)}</p>
      <button type="button" onClick={look.jumpToFirst} disabled={!look.hasOlder}>
        First<span className="unseen"> message</span>
      </button>
      <NameField visitor={visitor} />
    </header>
  );
}

function placeText({ items, hasNewer }: Look<Placed>, head: string | undefined): string {
  const all = placeOf(head).toLocaleString("en-GB");
  if (!hasNewer) return placeOf(head) === 0 ? "" : `${all} messages`;
  const [first, last] = [items[0], items.at(-1)].map((item) => placeOf(item?.id).toLocaleString("en-GB"));
  return `${first} to ${last} of ${all}`;
}

function NameField({ visitor }: Pick<RoomHeadProps, "visitor">) {
  const current = nameOf(visitor.user);
  const [name, setName] = useState(current);
  const [error, setError] = useState<string>();

  function submit(event?: SubmitEvent): void {
    event?.preventDefault();
    if (name.trim() === "" || name === current) setName(current);
    else visitor.rename(name).catch((thrown: Error) => setError(thrown.message));
  }

  return (
    <form className="you" onSubmit={submit}>
      <label>
        <span className="quiet">You are</span>
        <input
          id="name"
          value={name}
          maxLength={24}
          autoComplete="off"
          spellCheck={false}
          aria-invalid={error !== undefined}
          title={error}
          onChange={({ target }) => setName(target.value)}
          onBlur={() => submit()}
        />
      </label>
    </form>
  );
}

/** The page of the notifications. */
import { useState, useSyncExternalStore } from "react";
import { Figure } from "../frame/instrument.tsx";
import { mount } from "../frame/mount.tsx";
import { PageFrame } from "../frame/page-frame.tsx";
import { client, inboxStore, logOut, markAllRead, shaper } from "./client.ts";
import { DesktopControl } from "./desktop-control.tsx";
import { InboxList } from "./inbox-list.tsx";
import { LoginForm } from "./login-form.tsx";
import { SendForm } from "./send-form.tsx";
import { user } from "./user.ts";

function Notifications() {
  const { items, unread, missed } = useSyncExternalStore(inboxStore.onChange, inboxStore.read);
  const state = useSyncExternalStore(
    (changed) => client.on("status", changed),
    () => client.status.state,
  );
  const isOut = state === "closed" || state === "stopped";
  return (
    <PageFrame
      client={client}
      shaper={shaper}
      why={<Why />}
      sources={["contract.ts", "server.ts", "client.ts", "inbox.ts"]}
      figures={
        <dl className="counters">
          <Figure name="Unread" value={unread} />
          <Figure name="Kept" value={items.length} />
        </dl>
      }
    >
      <title>{unread > 0 ? `(${unread}) Notifications` : "Notifications on every device"}</title>
      {user === undefined || isOut ? (
        <LoginForm was={user} />
      ) : (
        <div className="notifications">
          <section className="inbox" aria-labelledby="inbox-name">
            <header className="inbox-head">
              <h2 id="inbox-name">
                <span className="inbox-user">{user}</span>
                <output className="badge" aria-label="Unread notifications" data-unread={unread}>
                  {unread}
                </output>
              </h2>
              <button type="button" onClick={() => void markAllRead()} disabled={items.every(({ isRead }) => isRead)}>
                Mark all read
              </button>
              <LogOutButton />
            </header>
            <p className="missed quiet" role="status">
              {missed > 0 && `${missed} came while this device was away.`}
            </p>
            <InboxList items={items} />
          </section>
          <div className="aside">
            <SendForm user={user} />
            <DesktopControl user={user} />
          </div>
        </div>
      )}
    </PageFrame>
  );
}

function LogOutButton() {
  const [failure, setFailure] = useState<string>();
  return (
    <>
      <button type="button" onClick={() => logOut().catch((thrown: unknown) => setFailure(String(thrown)))}>
        Log out everywhere
      </button>
      {failure && (
        <p className="quiet" role="alert">
          {failure}
        </p>
      )}
    </>
  );
}

function Why() {
  return (
    <>
      <p>
        Notifications come one way, so a stream is enough, and all tabs of a browser have one together. Over HTTP/1.1
        each would else take one of the six connections that a browser opens to a server.
      </p>
      <p>
        What was told and what was read are reliable messages of one log: whoever comes back, after a tunnel or after
        days, goes on where this device had got to. The unread count is <code>latest</code>: only the newest one
        matters.
      </p>
      <p>Whoever has no device connected, by presence, gets a Web Push.</p>
    </>
  );
}

mount(<Notifications />);

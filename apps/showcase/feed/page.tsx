/** The feed's page. */
import { useSyncExternalStore } from "react";
import { mount } from "../frame/mount.tsx";
import { PageFrame } from "../frame/page-frame.tsx";
import { client, loadOlder, readReading, shaper, showNew, watchReading } from "./client.ts";
import { HeadlineList } from "./headline-list.tsx";
import { News } from "./news.tsx";
import { WithoutPage } from "./without-page.tsx";

function Feed() {
  const reading = useSyncExternalStore(watchReading, readReading);
  return (
    <PageFrame
      client={client}
      shaper={shaper}
      why={<Why />}
      sources={["contract.ts", "server.ts", "feed-document.ts", "poller.ts", "client.ts", "reading-list.ts"]}
    >
      <div className="feed">
        <News reading={reading} show={showNew} />
        <div className="feed-column">
          <HeadlineList headlines={reading.list.shown} isEmpty={reading.isCaughtUp && !reading.isLoading} />
          {reading.hasOlder && (
            <button type="button" className="older" disabled={reading.isLoading} onClick={() => void loadOlder()}>
              Older
            </button>
          )}
          <WithoutPage />
        </div>
      </div>
    </PageFrame>
  );
}

function Why() {
  return (
    <>
      <p>
        Headlines go one way, so an event stream over plain HTTP is all it takes. WebSocket and long-poll carry the very
        same channel where a network wants it so. All tabs of this browser have one stream together: it allows six to a
        server over HTTP/1.1, and a seventh tab would not even open.
      </p>
      <p>
        They are <em>reliable</em>: kept for seven days, each with an id. This browser remembers the id of the last one
        it has shown, and asks for what came after it, tomorrow as after a cut. Where the server does not have all of it
        any more, it says so.
      </p>
      <p>
        Each version of an entry is published under a key made of its source, its id and its words: a server that starts
        anew, or a second one, publishes nothing twice.
      </p>
    </>
  );
}

mount(<Feed />);

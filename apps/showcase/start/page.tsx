/** The first page: what there is to see. */
import { Header } from "../frame/header.tsx";
import { mount } from "../frame/mount.tsx";
import { USE_CASES, WHICH } from "../frame/use-cases.ts";

function Start() {
  return (
    <div className="start">
      <Header />
      <main>
        <h1>One channel over any transport.</h1>
        <p className="lead">
          WebSocket, Server-Sent Events and long-poll carry the same channels here. Switch between them, slow the
          network down or cut it, in any of these: nothing is lost, doubled or out of order, and where that cannot be
          kept, the page says so.
        </p>
        <ul className="cards">
          {[...USE_CASES, WHICH].map(({ path, name, lead }) => (
            <li key={path}>
              <a href={path}>
                <h2>{name}</h2>
                <p>{lead}</p>
              </a>
            </li>
          ))}
        </ul>
        <section aria-labelledby="curl">
          <h2 id="curl">Or without a page</h2>
          <pre>
            <code>{`curl -N '${location.origin}/eitherway/events?channel=room/42'
curl -H 'content-type: application/json' -d '{"text":"hi"}' ${location.origin}/eitherway/channels/room/42`}</code>
          </pre>
        </section>
      </main>
    </div>
  );
}

mount(<Start />);

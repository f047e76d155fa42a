/** The chat's page. */
import { mount } from "../frame/mount.tsx";
import { PageFrame } from "../frame/page-frame.tsx";
import { client, room, shaper, useEvents } from "./client.ts";

function Chat() {
  const { items } = useEvents("room", { id: "42" }, "message", { history: 50 });
  return (
    <PageFrame
      client={client}
      shaper={shaper}
      why={<p>Two-way.</p>}
      sources={["contract.ts", "server.ts", "client.ts"]}
    >
      <div>
        <ol>
          {items.map(({ id, data }) => (
            <li key={id}>{data.text}</li>
          ))}
        </ol>
        <button type="button" onClick={() => room.publish("message", { text: "hi" })}>
          Say hi
        </button>
      </div>
    </PageFrame>
  );
}

mount(<Chat />);

/** Two components that show the same, in Strict Mode, of somebody who is present. */
import { StrictMode, useEffect } from "react";
import { client, ROOM } from "./realtime.ts";
import { Room } from "./room.tsx";

export function App() {
  return (
    <StrictMode>
      <Present />
      <Room />
      <Room />
    </StrictMode>
  );
}

function Present() {
  useEffect(() => {
    const { presence } = client.channel("room", ROOM);
    void presence.set({ name: "Ana" });
    return () => void presence.leave();
  }, []);
  return null;
}

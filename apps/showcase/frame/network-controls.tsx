/** Makes the network of one page worse. */
import { useSyncExternalStore } from "react";
import type { Shape, Shaper } from "./shaper.ts";

/** Round trips as people know them: a desk, a phone, a phone in a train. */
const NETWORKS: readonly (readonly [string, Pick<Shape, "latencyMs" | "jitterMs">])[] = [
  ["As it is", { latencyMs: 0, jitterMs: 0 }],
  ["Phone, 120 ms", { latencyMs: 120, jitterMs: 40 }],
  ["Train, 600 ms", { latencyMs: 600, jitterMs: 300 }],
];

export interface NetworkControlsProps {
  readonly shaper: Shaper | undefined;
  cut(): void;
}

export function NetworkControls({ shaper, cut }: NetworkControlsProps) {
  return (
    <fieldset className="network" aria-label="Network">
      {shaper && <ShapeControls shaper={shaper} />}
      <button type="button" onClick={cut}>
        Cut<span className="unseen"> the connection</span>
      </button>
    </fieldset>
  );
}

function ShapeControls({ shaper }: { readonly shaper: Shaper }) {
  const { latencyMs, stalled } = useSyncExternalStore(shaper.onChange, () => shaper.shape);
  const chosen = NETWORKS.findIndex(([, shape]) => shape.latencyMs === latencyMs);
  return (
    <>
      <label>
        <span className="unseen">Speed of the network</span>
        <select value={chosen} onChange={({ target }) => shaper.set(NETWORKS[Number(target.value)]?.[1] ?? {})}>
          {NETWORKS.map(([name], index) => (
            <option key={name} value={index}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <button type="button" aria-pressed={stalled} onClick={() => shaper.set({ stalled: !stalled })}>
        Stall
      </button>
    </>
  );
}

/** The figures as they stand, by groups. A widget renders only when its own value changes. */
import { memo } from "react";
import { useCurrent } from "./client.ts";
import { FIGURES, type Figure, type Value } from "./figures.ts";
import { textOf } from "./wording.ts";

export interface WidgetsProps {
  /** The figure that has a chart of its own. */
  readonly chosen: string;
  choose(name: string): void;
}

const GROUPS = [...new Set(FIGURES.map(({ group }) => group))];

export function Widgets({ chosen, choose }: WidgetsProps) {
  const current = useCurrent();
  return GROUPS.map((group) => (
    <section key={group} className="group" aria-label={group}>
      <h2>{group}</h2>
      <ul>
        {FIGURES.filter((figure) => figure.group === group).map((figure) => (
          <Widget
            key={figure.name}
            figure={figure}
            value={current.get(figure.name)?.value ?? null}
            isChosen={figure.name === chosen}
            choose={choose}
          />
        ))}
      </ul>
    </section>
  ));
}

interface WidgetProps {
  readonly figure: Figure;
  readonly value: Value;
  readonly isChosen: boolean;
  choose(name: string): void;
}

const Widget = memo(function Widget({ figure: { name, label, unit }, value, isChosen, choose }: WidgetProps) {
  return (
    <li>
      <button type="button" className="widget" data-name={name} aria-pressed={isChosen} onClick={() => choose(name)}>
        <span className="quiet">{label}</span> <b>{textOf(value, unit)}</b>
      </button>
    </li>
  );
});

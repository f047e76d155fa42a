/** What stands on top of every page. */
import { createRoot } from "react-dom/client";
import { USE_CASES, WHICH } from "./use-cases.ts";

export function Header() {
  const here = location.pathname.replace(/\/$/, "");
  return (
    <header className="top">
      <a className="brand" href="/">
        <img src="/mark.svg" alt="" width="24" height="24" />
        Eitherway
      </a>
      <nav aria-label="Pages">
        {[...USE_CASES, WHICH].map(({ path, name }) => (
          <a
            key={path}
            href={path}
            aria-current={path === here ? "page" : undefined}
            ref={path === here ? bringIntoSight : undefined}
          >
            {name}
          </a>
        ))}
      </nav>
    </header>
  );
}

/** On a phone the navigation is wider than the screen. */
function bringIntoSight(link: HTMLElement | null): void {
  link?.scrollIntoView({ block: "nearest", inline: "center" });
}

/** For pages that are not made with React otherwise. */
export function mountHeader(target: HTMLElement): void {
  createRoot(target).render(<Header />);
}

/** What holds for every page of the showcase: no serious fault for anybody's aids, nothing beside the screen, nothing that jumps. */
import axe from "axe-core";
import type { Page } from "playwright-core";

export const SCREENS = [
  ["desktop, light", { viewport: { width: 1280, height: 800 }, colorScheme: "light" }],
  ["desktop, dark", { viewport: { width: 1280, height: 800 }, colorScheme: "dark" }],
  ["phone, light", { viewport: { width: 375, height: 812 }, isMobile: true, hasTouch: true, colorScheme: "light" }],
  ["phone, dark", { viewport: { width: 375, height: 812 }, isMobile: true, hasTouch: true, colorScheme: "dark" }],
] as const;

/** Serious and critical faults that axe finds, one a line, with the elements that have them. */
export async function accessibilityFaults(page: Page): Promise<readonly string[]> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Runtime.evaluate", { expression: axe.source, allowUnsafeEvalBlockedByCSP: true }); // a script element is against the page's policy
  await devtools.detach();
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { readonly axe: typeof axe }).axe.run({ resultTypes: ["violations"], preload: false }),
  );
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`);
}

/** What hangs out of the screen to the side, so that the page could be scrolled there: the page itself first, then its elements. */
export function sidewaysScroll(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return [];
    const wide = [...document.body.querySelectorAll("*")].filter(
      (element) => element.getBoundingClientRect().right > clientWidth,
    );
    return [
      `the page has ${scrollWidth} of ${clientWidth} px`,
      ...wide.map(({ tagName, id, className }) => `${tagName.toLowerCase()}#${id}.${className}`),
    ];
  });
}

/** A letter that moves within its button is less; 0.1 is where people are annoyed. */
const UNSEEN_SHIFT = 0.001;

/**
 * Begins to measure what moves by itself on the page.
 *
 * @returns ends it, with what moved since: `0.02: li.message`
 */
export async function watchLayoutShifts(page: Page): Promise<() => Promise<readonly string[]>> {
  const watch = await page.evaluateHandle((unseen) => {
    interface LayoutShift extends PerformanceEntry {
      readonly value: number;
      /** Within half a second after a key or a click, where a page may move. */
      readonly hadRecentInput: boolean;
      readonly sources: readonly { readonly node?: Node | null }[];
    }
    const shifts: string[] = [];
    const nameOf = (node: Node | null | undefined): string =>
      node instanceof Element ? `${node.tagName.toLowerCase()}.${node.className}` : String(node?.nodeName);
    const take = (entries: PerformanceEntryList): void => {
      for (const { value, hadRecentInput, sources } of entries as LayoutShift[]) {
        if (!hadRecentInput && value >= unseen)
          shifts.push(`${value.toFixed(4)}: ${sources.map(({ node }) => nameOf(node)).join(", ")}`);
      }
    };
    const observer = new PerformanceObserver((list) => take(list.getEntries()));
    observer.observe({ type: "layout-shift" });
    return {
      async end() {
        // Two frames: what the last update moved is measured with the frame that shows it.
        for (let frame = 0; frame < 2; frame++) await new Promise((resolve) => requestAnimationFrame(resolve));
        take(observer.takeRecords());
        observer.disconnect();
        return shifts;
      },
    };
  }, UNSEEN_SHIFT);
  return () => watch.evaluate((running) => running.end());
}

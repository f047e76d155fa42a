/** Says how far somebody has read: where the end of the room is on a screen that somebody may be looking at, and now and then. */
import { useEffect, useRef } from "react";

const MARK_EVERY_MS = 1_000;

export function useReadMark(head: string | undefined, isAtEnd: boolean, mark: (upTo: string) => void): void {
  const newest = useRef({ head, mark });
  newest.current = { head, mark };
  const marked = useRef<string>(undefined);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);

  useEffect(() => {
    if (!isAtEnd || head === marked.current || timer.current !== undefined) return;
    timer.current = setTimeout(() => {
      timer.current = undefined;
      const { head: upTo, mark: say } = newest.current;
      if (upTo === undefined || document.visibilityState === "hidden") return;
      marked.current = upTo;
      say(upTo);
    }, MARK_EVERY_MS);
  }, [head, isAtEnd]);

  useEffect(
    () => () => {
      clearTimeout(timer.current);
      timer.current = undefined;
    },
    [],
  );
}

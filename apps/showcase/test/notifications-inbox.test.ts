/** The fold of an inbox: the same whatever the order, and counted by the clock. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  EMPTY_INBOX,
  type Inbox,
  KEPT,
  type Notification,
  nextExpiry,
  shown,
  unread,
  withNotification,
  withRead,
} from "../notifications/inbox.ts";

type Step = (inbox: Inbox) => Inbox;

const NOW = 1_000;
const told = (number: number, own: Partial<Notification> = {}): Notification => ({
  id: `id-${number}`,
  at: number,
  title: `Number ${number}`,
  body: "",
  ...own,
});
const idsOf = (items: readonly Notification[]): readonly string[] => items.map(({ id }) => id);
const fold = (steps: readonly Step[]): Inbox => steps.reduce((inbox, step) => step(inbox), EMPTY_INBOX);

const orders = fc
  .array(
    fc.record({ expiresAt: fc.option(fc.integer({ min: 0, max: 2 * NOW }), { nil: undefined }), isRead: fc.boolean() }),
    {
      maxLength: 30,
    },
  )
  .chain((wanted) => {
    const notifications = wanted.map(({ expiresAt }, number) => told(number, { expiresAt }));
    const steps: readonly Step[] = [
      ...notifications.map(
        (one): Step =>
          (inbox) =>
            withNotification(inbox, one),
      ),
      ...wanted.flatMap(({ isRead }, number): Step[] => (isRead ? [(inbox) => withRead(inbox, [`id-${number}`])] : [])),
    ];
    const shuffled = fc.shuffledSubarray([...steps, ...steps], { minLength: 2 * steps.length });
    return fc.record({ wanted: fc.constant(wanted), notifications: fc.constant(notifications), steps: shuffled });
  });

test("notifications and read marks, each twice and in any order, give one list and one count", () => {
  fc.assert(
    fc.property(orders, ({ wanted, notifications, steps }) => {
      const inbox = fold(steps);
      const alive = notifications.filter(({ expiresAt }) => expiresAt === undefined || expiresAt > NOW).reverse();
      expect(idsOf(shown(inbox, NOW))).toEqual(idsOf(alive));
      expect(idsOf(unread(inbox, NOW))).toEqual(idsOf(alive.filter(({ at }) => wanted[at]?.isRead === false)));
      expect(inbox.readAhead).toEqual([]);
    }),
    { seed: 8 },
  );
});

test("the next expiry is the first moment at which something vanishes, from the list and from the count", () => {
  const inbox = fold(
    [1_500, undefined, 1_200].map((expiresAt, n) => (i) => withNotification(i, told(n, { expiresAt }))),
  );
  const moments: (readonly [number, number])[] = [];
  for (let now: number | undefined = NOW; now !== undefined; now = nextExpiry(inbox, now)) {
    expect(shown(inbox, now)).toHaveLength(unread(inbox, now).length);
    moments.push([now, unread(inbox, now).length]);
  }
  expect(moments).toEqual([
    [NOW, 3],
    [1_200, 2],
    [1_500, 1],
  ]);
});

test(`an inbox keeps the newest ${KEPT}, and no more marks of what has not come`, () => {
  const more = KEPT + 5;
  const all = Array.from(
    { length: more },
    (_, number): Step =>
      (inbox) =>
        withNotification(inbox, told(number)),
  );
  expect(idsOf(fold(all).items)).toEqual(idsOf(fold(all.toReversed()).items));
  expect(fold(all).items).toHaveLength(KEPT);
  expect(fold(all).items[0]?.id).toBe(`id-${more - 1}`);
  const ids = Array.from({ length: more }, (_, number) => `unknown-${number}`);
  expect(withRead(EMPTY_INBOX, ids).readAhead).toEqual(ids.slice(-KEPT));
});

test("what changes nothing gives the same inbox, so that nobody is told of it", () => {
  const inbox = fold([(i) => withNotification(i, told(1)), (i) => withRead(i, ["id-1", "not here"])]);
  expect(withNotification(inbox, told(1))).toBe(inbox);
  expect(withRead(inbox, ["id-1", "not here"])).toBe(inbox);
});

/** Shows what is pushed while no page is open, and opens the page when somebody clicks on it. Loaded as it is: see desktop.ts. */
self.addEventListener("push", (event) => {
  const { id, title, body, link } = event.data.json();
  event.waitUntil(self.registration.showNotification(title, { body, tag: id, icon: "/mark.svg", data: { link } }));
});

self.addEventListener("notificationclick", (event) => {
  const { notification } = event;
  notification.close();
  event.waitUntil(open(notification.data?.link ?? "/notifications"));
});

/** A page of ours that is there already is brought to the front. */
async function open(link) {
  const { href } = new URL(link, self.location.origin);
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const page = pages.find(({ url }) => url === href);
  return page ? page.focus() : self.clients.openWindow(href);
}

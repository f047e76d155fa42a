/** `eitherway/client/tabs`: one connection for all tabs of a browser. */
export { type SharedTabs, type ShareTabsOptions, shareTabs } from "./share-tabs.ts";

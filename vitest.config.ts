import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["packages/eitherway/test/**/*.test.ts"],
    testTimeout: 20_000,
    restoreMocks: true,
  },
});

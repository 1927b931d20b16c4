import { defineConfig } from "vitest/config";

/**
 * Unit tests run first, in parallel. Everything that measures time or starts servers runs afterwards, one file at a time:
 * two timing tests at once on two cores would measure each other.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: [
            "test/e2e/**",
            "test/interop/**",
            "test/lab/**",
            "test/sockets/**",
            "test/probes/**",
            "test/quic/**",
          ],
          testTimeout: 10_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: "sockets",
          include: ["test/{sockets,lab,probes,quic}/**/*.test.ts"],
          testTimeout: 20_000,
          hookTimeout: 20_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 30_000,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: "interop",
          include: ["test/interop/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 30_000,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});

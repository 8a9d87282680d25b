import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/helpers/build-once.ts'],
    reporters: ['default', './test/helpers/closing-line.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});

import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // The library as its users have it: built, and not transformed. Types come from the sources (tsconfig.json).
  resolve: { alias: { procctl: fileURLToPath(new URL('dist/lib/index.js', import.meta.url)) } },
  test: {
    server: { deps: { external: [/\/dist\/lib\//] } },
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/helpers/build-once.ts'],
    reporters: ['default', './test/helpers/closing-line.ts'],
    // Most of the time most tests wait: two files at a time are no burden to two cores.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});

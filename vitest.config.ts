import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { SummaryReporter } from './test/harness/reporter.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/harness/run-directory.setup.ts', 'test/harness/shared-apiserver.setup.ts'],
    reporters: ['default', new SummaryReporter()],
    // Generous, because a slow machine is no failure: a passing test doesn't wait.
    testTimeout: 60_000,
    hookTimeout: 180_000,
    teardownTimeout: 60_000,
    pool: 'forks',
    // Every test file keeps real servers busy beside its own process.
    maxWorkers: Math.max(2, Math.floor(availableParallelism() / 2)),
  },
});

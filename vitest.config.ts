import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { SummaryReporter } from './test/harness/reporter.ts';
import { unitTests } from './test/harness/unit-tests.ts';

export default defineConfig(({ mode }) => ({
  test: {
    // `vitest --mode unit` is the fast lane: what needs nothing but Node.js.
    include: mode === 'unit' ? [...unitTests(import.meta.dirname)] : ['test/**/*.test.ts'],
    // Half of the fast lane's time would be starting processes; tests that start none have nothing to leave
    // behind.
    isolate: mode !== 'unit',
    env: mode === 'unit' ? { TEST_LANE: 'unit' } : mode === 'flavours' ? { REDIS_FLAVOURS: 'all' } : {},
    globalSetup: ['test/harness/run-directory.setup.ts', 'test/harness/shared-apiserver.setup.ts'],
    reporters: ['default', new SummaryReporter()],
    // Generous, because a slow machine is no failure: a passing test doesn't wait.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    expect: { poll: { timeout: 300_000 } },
    teardownTimeout: 60_000,
    pool: 'forks',
    // Every test file keeps real servers busy beside its own process, but waits for a third of its time.
    maxWorkers: Math.max(3, Math.floor(availableParallelism() / 2)),
  },
}));

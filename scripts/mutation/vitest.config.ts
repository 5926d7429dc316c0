import { defineConfig } from 'vitest/config';
import base from '../../vitest.config.ts';

const { test } = base({ mode: 'mutation', command: 'serve' });

/** The project's configuration, with the tests of one chapter: test-mutation.ts names them. */
export default defineConfig({
  test: {
    ...test,
    reporters: [],
    // Loading the sources anew for each test file would take longer than the tests.
    isolate: false,
    include: (JSON.parse(process.env['MUTATION_TESTS'] ?? '[]') as string[]).map((path) =>
      path.endsWith('.ts') ? path : `${path}/**/*.test.ts`,
    ),
  },
});

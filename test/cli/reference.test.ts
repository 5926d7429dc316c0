import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { readEnvironment } from '../../src/cli/options/env.ts';

test('the reference page names every variable that is read', async () => {
  const page = await readFile(new URL('../../docs/reference/command-line.md', import.meta.url), 'utf8');
  const read = new Set<string>();
  const variables = new Proxy<Record<string, string>>(
    {},
    {
      get: (_target, name) => {
        read.add(String(name));
        // With an endpoint without a scheme the driver's variables are read, too.
        return name === 'S3_ENDPOINT' ? 'minio:9000' : name === 'STORAGE_DRIVER' ? 'minio' : undefined;
      },
    },
  );
  readEnvironment(variables);
  expect(read.size).toBeGreaterThan(15);
  expect([...read].filter((name) => !page.includes(`\`${name}`))).toEqual([]);
});

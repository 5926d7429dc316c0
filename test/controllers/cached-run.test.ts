import { expect, test } from 'vitest';
import { cachedRun } from '../../src/controllers/bootstraprecovery/cached-run.ts';
import { conditions, digest, runManifest } from './support/objects.ts';

const plan = {
  digest: digest('a'),
  ...{ creates: 1, replaces: 0, keeps: 0, persists: 0, deletes: 0 },
  actions: [{ key: 'k', kind: 'Create', source: 'Default', confidence: 'exact' }],
};

test('two thousand runs with 250 kB of annotations each cost the cache a few kilobytes each', () => {
  const annotations = { 'example.com/large': 'x'.repeat(250_000) };
  const run = runManifest({
    metadata: { annotations },
    status: { plan, conditions: conditions('Recovered') },
  });
  const cached = cachedRun(run);
  expect(JSON.stringify(cached).length).toBeLessThan(3_000);
  expect(cached.status.plan).toMatchObject({ digest: digest('a'), creates: 1 });
  expect(run.metadata.annotations).toBe(annotations);
});

test('the status of a run that has not ended is cached whole: what is written next is made from it', () => {
  const run = runManifest({ status: { plan, conditions: conditions('AwaitingApproval') } });
  expect(cachedRun(run).status).toEqual(run.status);
});

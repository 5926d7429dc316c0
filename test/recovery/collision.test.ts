import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runAttempt } from '../../src/recovery/run.ts';
import { MemorySource } from '../tuf/generator/memory-source.ts';
import { REFERENCE_TIME, Repository } from '../tuf/generator/repository.ts';
import { type Site, startSite } from './fixtures/site.ts';

let site: Site;

beforeAll(async () => {
  site = await startSite();
  await site.client.flushall();
});

afterAll(() => site[Symbol.asyncDispose]());

test.each(['TIMESTAMP', 'ROOT_THRESHOLD', 'BOOTSTRAP'])(
  'a delegated role %s, whose key would be one of another setting, stops the run before Redis is asked',
  async (name) => {
    const files = new Repository({ delegations: [{ name }] }).seal();
    const sha256 = createHash('sha256')
      .update(files.get('1.root.json') ?? '')
      .digest('hex');
    const trust = { anchor: { kind: 'sha256', sha256 }, policy: { mode: 'recovery' } } as const;
    const outcome = await runAttempt(
      site.request({ source: new MemorySource(files), trust, now: REFERENCE_TIME }),
    );
    expect(outcome.succeeded).toMatchObject({
      reason: 'KeyCollision',
      message: expect.stringContaining(name),
    });
    expect(outcome.accepted?.reason).toBe('Denied');
    expect(await site.client.keys('*')).toEqual([]);
  },
);

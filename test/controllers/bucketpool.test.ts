import { describe, expect, test } from 'vitest';
import { BucketPool } from '../../src/controllers/target-connection/bucket-pool.ts';
import { DIRECT } from '../../src/net/proxy-rule.ts';

const options = (secretAccessKey: string) => ({
  bucket: 'updates',
  access: {
    endpoint: 'http://127.0.0.1:1',
    credentials: { kind: 'static', accessKeyId: 'key', secretAccessKey },
  } as const,
});

describe('buckets in use', () => {
  test('runs on the same target share one, and with it its limits', async () => {
    const pool = new BucketPool(() => undefined, DIRECT);
    using first = await pool.use(options('a'));
    using second = await pool.use(options('a'));
    expect(second.bucket).toBe(first.bucket);
  });

  test('changed credentials are another bucket, so no run continues with the old ones', async () => {
    const pool = new BucketPool(() => undefined, DIRECT);
    using old = await pool.use(options('old'));
    using rotated = await pool.use(options('new'));
    expect(rotated.bucket).not.toBe(old.bucket);
  });

  test('the last user closes it, and giving it back twice takes it from no other', async () => {
    const pool = new BucketPool(() => undefined, DIRECT);
    const first = await pool.use(options('a'));
    using second = await pool.use(options('a'));
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    using third = await pool.use(options('a'));
    expect(third.bucket).toBe(second.bucket);
    second[Symbol.dispose]();
    third[Symbol.dispose]();
    using fresh = await pool.use(options('a'));
    expect(fresh.bucket).not.toBe(third.bucket);
  });
});

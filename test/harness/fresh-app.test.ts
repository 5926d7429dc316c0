import { expect, test } from 'vitest';
import { verify } from '../../src/tuf/verify/verify.ts';
import { pinOf } from '../recovery/fixtures/engine.ts';
import { MemorySource } from '../tuf/generator/memory-source.ts';
import { freshApp } from './fresh-app.ts';
import { GOLDEN_APPS, type GoldenApp, goldenApp } from './golden.ts';

function filesOf({ objects }: GoldenApp): Map<string, Buffer> {
  return new Map(objects.map(({ name, body }) => [name, Buffer.from(body)]));
}

/** File → days from its LastModified to its expiry, and what else the server decided. */
function decided({ objects }: GoldenApp): object {
  return Object.fromEntries(
    objects.map(({ name, body, lastModified }) => {
      const { signed, signatures } = JSON.parse(Buffer.from(body).toString('utf8'));
      const lifetime = (Date.parse(signed.expires) - lastModified.getTime()) / 86_400_000;
      return [name, { lifetime, version: signed.version, signatures: signatures.length }];
    }),
  );
}

test.each(GOLDEN_APPS)('%s, signed again, is trusted today as it was then', async (name) => {
  const [recorded, fresh] = [await goldenApp(name), await freshApp(name)];
  const verified = await verify(new MemorySource(filesOf(fresh)), {
    anchor: { kind: 'sha256', sha256: pinOf(fresh) },
    now: new Date(),
    policy: { mode: 'strict' },
  });
  expect(verified).toMatchObject({ verdict: 'trusted', findings: [] });
  expect(decided(fresh)).toEqual(decided(recorded));
  expect(fresh.settings).toEqual(recorded.settings);
});

test('one moment of an app still follows another: they have one root', async () => {
  const moments = await Promise.all([freshApp('config', 'bootstrapped'), freshApp('config')]);
  expect(new Set(moments.map(pinOf)).size).toBe(1);
});

import { expect, test } from 'vitest';
import type { GetOptions } from '../../src/storage/source.ts';
import { EarlierVersions } from '../../src/tuf/verify/earlier-versions.ts';
import { verify } from '../../src/tuf/verify/verify.ts';
import { MemorySource } from './generator/memory-source.ts';
import { fileOf, sha256 } from './generator/mutations/mutation.ts';
import { REFERENCE_TIME, Repository } from './generator/repository.ts';

const files = new Repository({
  roots: 2,
  digests: false,
  delegations: [{ name: 'stable' }, { name: 'beta' }],
}).seal();
const planted = new Map([...files, ['9.targets.json', fileOf(files, '1.targets.json')]]);

/** Gives text instead of bytes for one file: the first function that takes bytes throws a TypeError. */
class TextSource extends MemorySource {
  readonly #name: string;

  constructor(name: string, bucket: ReadonlyMap<string, Uint8Array> = files) {
    super(bucket);
    this.#name = name;
  }

  override async get(name: string, options: GetOptions): Promise<Uint8Array> {
    const bytes = await super.get(name, options);
    // Wrong on purpose.
    return name === this.#name ? ('text' as unknown as Uint8Array) : bytes;
  }
}

const options = {
  anchor: { kind: 'sha256', sha256: sha256(fileOf(files, '1.root.json')) },
  now: REFERENCE_TIME,
} as const;

test.each([
  ['2.root.json', 'root'],
  ['timestamp.json', 'timestamp'],
  ['1.snapshot.json', 'snapshot'],
  ['1.targets.json', 'targets'],
  ['1.beta.json', 'beta'],
])('whatever reading %s throws is a finding about it', async (name, role) => {
  const { verdict, findings } = await verify(new TextSource(name), {
    ...options,
    policy: { mode: 'recovery' },
  });
  expect(verdict).toBe('refused');
  expect(findings).toMatchObject([{ code: 'ProcessingFailed', role }]);
  expect(findings[0]?.detail).toContain('TypeError');
});

test('about a delegated role, it concerns that role alone', async () => {
  const { trusted, findings } = await verify(new TextSource('1.beta.json'), {
    ...options,
    policy: { mode: 'recovery', onInvalidDelegation: 'Skip' },
  });
  expect(findings[0]).toMatchObject({ code: 'ProcessingFailed', role: 'beta' });
  expect(trusted?.delegated.map(({ role }) => role)).toEqual(['stable']);
});

test('of an earlier version it is a version that tells nothing', async () => {
  const root = { version: 1, sha256: sha256(fileOf(files, '1.root.json')) };
  const { signal } = new AbortController();
  const sound = new EarlierVersions(new MemorySource(files), root);
  expect((await sound.timesOf('targets', 1, REFERENCE_TIME, signal))?.expires).toBeInstanceOf(Date);
  const odd = new EarlierVersions(new TextSource('1.targets.json'), root);
  expect(await odd.timesOf('targets', 1, REFERENCE_TIME, signal)).toBeUndefined();
});

test('about a file above the head, it refuses nothing', async () => {
  const { verdict, findings } = await verify(new TextSource('9.targets.json', planted), {
    ...options,
    policy: { mode: 'recovery' },
  });
  expect(verdict).toBe('trusted');
  expect(findings).toMatchObject([{ code: 'UnverifiedVersionAboveHead', role: 'targets', version: 9 }]);
  expect(findings[0]?.detail).toContain('TypeError');
});

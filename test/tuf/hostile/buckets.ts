import type { TestKey } from '../generator/keys.ts';
import { inAYear, Repository, type RepositoryOptions } from '../generator/repository.ts';
import { HostileSource } from './hostile-source.ts';

/** One bucket to which an attacker wrote, perhaps one with a key. */
export interface HostileBucket {
  readonly name: string;
  readonly verdict: 'trusted' | 'refused';
  /**
   * Takes so long, or leaves so much for the collector, that nothing else is measured in the same process.
   */
  readonly alone?: true;
  readonly make: () => HostileSource;
}

const MiB = 1024 * 1024;
const FILE = 64 * MiB;

/** The programs that are to survive these buckets judge them by their own clock. */
const EXPIRES = inAYear(new Date());

const OPTIONS: RepositoryOptions = {
  seed: 'hostile',
  expires: EXPIRES,
  digests: false,
  delegations: [{ name: 'stable' }, { name: 'beta' }],
};

const base = (options: RepositoryOptions = OPTIONS): HostileSource =>
  new HostileSource(new Repository(options).seal());

/** A bucket to which every user may add objects. */
const planted = (name: string, plant: (source: HostileSource) => HostileSource): HostileBucket => ({
  name,
  verdict: 'trusted',
  make: () => plant(base()),
});

/** A bucket in which a file of the chain was replaced. */
const replaced = (name: string, plant: (source: HostileSource) => HostileSource): HostileBucket => ({
  name,
  verdict: 'refused',
  make: () => plant(base()),
});

const filled = (size: number, unit: string): Uint8Array => Buffer.alloc(size, unit);

/** A document of about `size` bytes: `head`, `unit` as often as it fits, `tail`. */
const document = (size: number, head: string, unit: string, tail: string): Uint8Array => {
  const count = Math.floor((size - head.length - tail.length) / unit.length);
  const bytes = Buffer.alloc(head.length + count * unit.length + tail.length);
  bytes.write(head, 0, 'latin1');
  bytes.fill(unit, head.length, head.length + count * unit.length, 'latin1');
  bytes.write(tail, head.length + count * unit.length, 'latin1');
  return bytes;
};

/** An object with so many members of twelve bytes, `"0000001":1,` and so on, upwards or downwards. */
const members = (count: number, downwards = false): Uint8Array => {
  const head = '{"x":{';
  const bytes = Buffer.alloc(head.length + count * 12 + 7);
  let at = bytes.write(head, 0, 'latin1');
  for (let i = 0; i < count; i++) {
    at += bytes.write(`"${padded(downwards ? count - i : i)}":1,`, at, 'latin1');
  }
  at += bytes.write('"z":1}}', at, 'latin1');
  return bytes.subarray(0, at);
};

const alone = (bucket: HostileBucket): HostileBucket => ({ ...bucket, alone: true });

/** A file of `role` whose `signed` is this canonical text, signed by the role's own keys. */
function signed(role: 'snapshot' | 'targets', text: string): Buffer {
  return signedBy(new Repository(OPTIONS).keysOf(role), text);
}

function signedBy(keys: readonly TestKey[], text: string): Buffer {
  const signatures = keys.map((key) => ({
    keyid: key.keyid,
    sig: key.sign(Buffer.from(text)).toString('hex'),
  }));
  return Buffer.from(`{"signatures":${JSON.stringify(signatures)},"signed":${text}}`);
}

const HEAD = (type: string): string => `{"_type":"${type}",`;
const TAIL = '"spec_version":"1.0.31","version":1}';
const EXPIRES_MEMBER = `"expires":"${EXPIRES}",`;

const padded = (i: number): string => String(i).padStart(7, '0');

function snapshotOf(count: number): Buffer {
  const entries = Array.from({ length: count }, (_, i) => `"r${padded(i)}.json":{"version":1}`);
  return signed(
    'snapshot',
    `${HEAD('snapshot')}${EXPIRES_MEMBER}"meta":{${entries.join(',')},"targets.json":{"version":1}},${TAIL}`,
  );
}

/** Targets whose `delegations` is this canonical text. */
function targetsWith(delegations: string): Buffer {
  return signed(
    'targets',
    `${HEAD('targets')}"delegations":${delegations},${EXPIRES_MEMBER}"spec_version":"1.0.31","targets":{},"version":1}`,
  );
}

function delegationsTo(count: number, fields = '"keyids":["k"],'): string {
  const key = new Repository(OPTIONS).key('stable').metadata;
  const { keytype, keyval, scheme } = key;
  const roles = Array.from(
    { length: count },
    (_, i) => `{${fields}"name":"r${padded(i)}","paths":["x"],"terminating":false,"threshold":1}`,
  );
  return `{"keys":{"k":{"keytype":"${keytype}","keyval":{"public":"${keyval.public}"},"scheme":"${scheme}"}},"roles":[${roles.join(',')}]}`;
}

/**
 * Eight roles, each of which lists 4,000 keys that are as long as keys may be: 250 MB of objects that are
 * kept.
 */
function manyKeys(): HostileSource {
  const delegations = Array.from({ length: 8 }, (_, i) => ({ name: `role${i}`, keys: ['online'] }));
  const repository = new Repository({ ...OPTIONS, delegations });
  const source = new HostileSource(repository.seal());
  const key = (i: number): string =>
    `"${padded(i)}":{"keytype":"x","keyval":{"public":"${'k'.repeat(7800)}"},"scheme":"x"}`;
  const keys = Array.from({ length: 4000 }, (_, i) => key(i)).join(',');
  const text =
    `${HEAD('targets')}"delegations":{"keys":{${keys}},"roles":[]},` +
    `${EXPIRES_MEMBER}"spec_version":"1.0.31","targets":{},"version":1}`;
  const file = signedBy([repository.key('online')], text);
  for (const { name } of delegations) {
    source.plant(`1.${name}.json`, file);
  }
  return source;
}

const manyRoles = (count: number, name = 20): RepositoryOptions => ({
  seed: 'hostile',
  expires: EXPIRES,
  delegations: Array.from({ length: count }, (_, i) => ({
    name: padded(i).padStart(name, 'r'),
    keys: ['online'],
  })),
});

/** Every kind of bucket that was ever thought of; each is verified within the memory of a pod. */
export const HOSTILE_BUCKETS: readonly HostileBucket[] = [
  // Listings
  planted('100,000 files of roles without a delegation', (s) => s.plantNames(100_000, (i) => `1.r${i}.json`)),
  alone(
    planted('100,000 names of 1,000 bytes', (s) =>
      s.plantNames(100_000, (i) => `1.${padded(i).padStart(980, 'x')}.json`),
    ),
  ),
  planted('100,000 targets above the head', (s) => s.plantNames(100_000, (i) => `${i + 2}.targets.json`)),
  planted('100,000 old versions of a role', (s) => s.plantNames(100_000, (i) => `0${i}.stable.json`)),
  planted('100,000 names without a dot', (s) => s.plantNames(100_000, (i) => `readme-${i}`)),
  planted('100,000 names of control characters', (s) => s.plantNames(100_000, (i) => `\u0001\u202e${i}`)),
  planted('100,000 names outside of ASCII', (s) => s.plantNames(100_000, (i) => `1.😀é\u017f${i}.json`)),
  planted('100,000 versions that no number holds', (s) =>
    s.plantNames(100_000, (i) => `${'9'.repeat(300)}${i}.targets.json`),
  ),
  planted('100,000 files said to be 64 MiB large', (s) => s.plantNames(100_000, (i) => `1.x${i}.json`, FILE)),
  planted('names of the prototype', (s) =>
    s.plantNames(3, (i) => ['1.__proto__.json', '__proto__', '1.constructor.json'][i] ?? ''),
  ),
  replaced('100,000 roots that only the server reads', (s) =>
    s.plantNames(100_000, (i) => `+${i + 2}.root.json`),
  ),
  replaced('100,000 roots', (s) => s.plantNames(100_000, (i) => `${i + 2}.root.json`)),
  replaced('1,000 roots of 500 kB', (s) => {
    for (let i = 2; i < 1000; i++) {
      s.plant(`${i}.root.json`, filled(500_000, ' '));
    }
    return s;
  }),
  // Planted above the head
  planted('a 9.targets.json of 49 MB with four million keys', (s) =>
    s.plant('9.targets.json', members(4_000_000)),
  ),
  planted('six of them', (s) => {
    for (const role of ['targets', 'snapshot', 'stable', 'beta']) {
      s.plant(`9.${role}.json`, members(4_000_000));
    }
    return s;
  }),
  planted('a 9.targets.json of 1 MiB of keys', (s) => s.plant('9.targets.json', members(85_000))),
  planted('a 9.targets.json of 1 MiB of keys in the wrong order', (s) =>
    s.plant('9.targets.json', members(85_000, true)),
  ),
  planted('a 9.targets.json of 1 MiB of brackets', (s) => s.plant('9.targets.json', filled(MiB, '['))),
  planted('a 9.targets.json with a signature of 1 MB', (s) =>
    s.plant(
      '9.targets.json',
      document(1_000_000, '{"signed":{},"signatures":[{"keyid":"k","sig":"', 'ab', '"}]}'),
    ),
  ),
  planted('a 9.targets.json with a key id of 1 MB', (s) =>
    s.plant(
      '9.targets.json',
      document(1_000_000, '{"signed":{},"signatures":[{"sig":"ab","keyid":"', 'ab', '"}]}'),
    ),
  ),
  planted('a 9.targets.json with member names of 250 kB', (s) =>
    s.plant('9.targets.json', `{"${'a'.repeat(250_000)}":1,"${'a'.repeat(250_000)}":2,"signed":{}}`),
  ),
  // A file of the chain that nothing links by digest
  replaced('a role of 64 MiB of spaces', (s) => s.plant('1.stable.json', filled(FILE, ' '))),
  replaced('a role of 64 MiB of zeros', (s) => s.plant('1.stable.json', filled(FILE, '\0'))),
  replaced('a role of 64 MiB that is no UTF-8', (s) => s.plant('1.stable.json', Buffer.alloc(FILE, 0xff))),
  replaced('a role of 64 MiB in one string', (s) =>
    s.plant('1.stable.json', document(FILE, '{"x":"', 'a', '"}')),
  ),
  replaced('a role of 64 MiB of escapes', (s) =>
    s.plant('1.stable.json', document(FILE, '{"x":"', '\\u0001', '"}')),
  ),
  replaced('a role of 64 MiB of numbers', (s) =>
    s.plant('1.stable.json', document(FILE, '{"x":[', '1,', '1]}')),
  ),
  alone(replaced('a role of 60 MB of members', (s) => s.plant('1.stable.json', members(5_000_000)))),
  alone(
    replaced('a role of 35 MB of members in the wrong order', (s) =>
      s.plant('1.stable.json', members(2_900_000, true)),
    ),
  ),
  replaced('a role with a key of 25 MB that stands twice', (s) =>
    s.plant('1.stable.json', `{"${'k'.repeat(25_000_000)}":1,"${'k'.repeat(25_000_000)}":2}`),
  ),
  replaced('a role with a signature of 8 MB', (s) =>
    s.plant(
      '1.stable.json',
      document(8_000_000, '{"signed":{},"signatures":[{"keyid":"k","sig":"', 'ab', '"}]}'),
    ),
  ),
  replaced('a role with a key id of 25 MB', (s) =>
    s.plant(
      '1.stable.json',
      document(25_000_000, '{"signed":{},"signatures":[{"sig":"ab","keyid":"', 'ab', '"}]}'),
    ),
  ),
  replaced('a role with a million signatures', (s) =>
    s.plant('1.stable.json', document(20_000_000, '{"signed":{},"signatures":[', '{"keyid":"k"},', '1]}')),
  ),
  replaced('a role with an expiry of 60 MB', (s) =>
    s.plant(
      '1.stable.json',
      document(
        60_000_000,
        '{"signatures":[],"signed":{"_type":"targets","spec_version":"1.0.0","version":1,"expires":"',
        '2',
        '"}}',
      ),
    ),
  ),
  alone(
    replaced('a role whose version is a list of a million objects', (s) =>
      s.plant(
        '1.stable.json',
        document(
          8_600_000,
          '{"signatures":[],"signed":{"_type":"targets","spec_version":"1.0.0","version":[',
          '{"aa":{"b":""},"bb":{}},',
          '1]}}',
        ),
      ),
    ),
  ),
  replaced('a role with two million members that fold to one of the format', (s) =>
    s.plant('1.stable.json', document(30_000_000, '{"signatures":[],"signed":{', '"Version":1,', '"x":1}}')),
  ),
  alone(
    replaced('both roles of 64 MiB', (s) => {
      for (const role of ['stable', 'beta']) {
        s.plant(`1.${role}.json`, document(FILE, '{"x":"', 'a', '"}'));
      }
      return s;
    }),
  ),
  alone(
    replaced('a snapshot of 64 MiB', (s) => s.plant('1.snapshot.json', document(FILE, '{"x":"', 'a', '"}'))),
  ),
  replaced('a timestamp of 64 MiB', (s) => s.plant('timestamp.json', filled(FILE, '['))),
  replaced('a timestamp of 60 kB of brackets', (s) => s.plant('timestamp.json', filled(60_000, '['))),
  replaced('a root of 64 MiB', (s) => s.plant('2.root.json', filled(FILE, '{'))),
  // Swaps
  replaced('a role that grew after the listing', (s) =>
    s.plant('1.stable.json', filled(FILE, ' '), s.sizes.get('1.stable.json')),
  ),
  replaced('a role that vanished after the listing', (s) => s.vanish('1.stable.json')),
  // Signed with a stolen key
  replaced('a signed snapshot of a million roles', (s) =>
    s.plant('1.snapshot.json', snapshotOf(1_000_000).toString()),
  ),
  replaced('a signed snapshot of 65,000 roles that do not exist', (s) =>
    s.plant('1.snapshot.json', snapshotOf(65_000).toString()),
  ),
  replaced('signed delegations to 100,000 roles', (s) =>
    s.plant('1.targets.json', targetsWith(delegationsTo(100_000)).toString()),
  ),
  alone(
    replaced('signed delegations to 65,000 roles that do not exist', (s) => {
      s.plant('1.targets.json', targetsWith(delegationsTo(65_000)).toString());
      return s.plant('1.snapshot.json', snapshotOf(65_000).toString());
    }),
  ),
  {
    name: 'eight signed roles that list 250 MB of keys',
    verdict: 'refused',
    alone: true,
    make: manyKeys,
  },
  replaced('a signed delegation by 100,000 key ids', (s) =>
    s.plant(
      '1.targets.json',
      targetsWith(
        delegationsTo(1, `"keyids":[${Array.from({ length: 100_000 }, (_, i) => `"${i}"`).join(',')}],`),
      ).toString(),
    ),
  ),
  replaced('a signed delegation with a name of 10 MB', (s) =>
    s.plant(
      '1.targets.json',
      targetsWith(delegationsTo(1).replace('r0000000', 'r'.repeat(10_000_000))).toString(),
    ),
  ),
  replaced('signed succinct roles of 2^32 bins', (s) =>
    s.plant(
      '1.targets.json',
      targetsWith(
        '{"keys":{},"succinct_roles":{"bit_length":32,"keyids":["k"],"name_prefix":"b","threshold":1}}',
      ).toString(),
    ),
  ),
  replaced('signed succinct roles of 65,536 bins that do not exist', (s) =>
    s.plant(
      '1.targets.json',
      targetsWith(
        '{"keys":{},"succinct_roles":{"bit_length":16,"keyids":["k"],"name_prefix":"b","threshold":1}}',
      ).toString(),
    ),
  ),
  {
    name: '20 roles that each delegate to 100 roles',
    verdict: 'trusted',
    make: () => {
      const repository = new Repository({
        seed: 'hostile',
        expires: EXPIRES,
        delegations: Array.from({ length: 20 }, (_, i) => ({ name: `d${i}` })),
      });
      for (let delegator = 0; delegator < 20; delegator++) {
        for (let role = 0; role < 100; role++) {
          repository.delegate(`d${delegator}`, { name: `r${role}`, keys: ['shared'] });
        }
      }
      return new HostileSource(repository.seal());
    },
  },
  {
    name: '4,000 healthy roles with names of 200 characters',
    verdict: 'trusted',
    make: () => base(manyRoles(4000, 200)),
  },
];

/** Buckets for one process: starting one takes longer than most of them. */
const GROUP = 8;

/** Names of buckets that one process may take after one another. */
export function hostileGroups(): readonly (readonly string[])[] {
  const names = (buckets: readonly HostileBucket[]): readonly string[] => buckets.map(({ name }) => name);
  const together = names(HOSTILE_BUCKETS.filter(({ alone }) => alone === undefined));
  return [
    ...names(HOSTILE_BUCKETS.filter(({ alone }) => alone === true)).map((name) => [name]),
    ...Array.from({ length: Math.ceil(together.length / GROUP) }, (_, i) =>
      together.slice(i * GROUP, (i + 1) * GROUP),
    ),
  ];
}

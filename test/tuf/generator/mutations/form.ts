import { gzipSync, zstdCompressSync } from 'node:zlib';
import { Repository } from '../repository.ts';
import { BASE, fileOf, type Mutation, rewrite } from './mutation.ts';

/** Inserts text right after the opening brace of `signed`, without signing it. */
const insertIntoSigned = (text: string) => (bytes: Buffer) =>
  Buffer.from(bytes.toString().replace('"signed": {', `"signed": {${text}`));

/** Inserts an unknown field at the top of a file, where no signature covers it. */
const insertAtTop = (text: string) => (bytes: Buffer) =>
  Buffer.from(bytes.toString().replace('{', `{${text}`));

const malformed: readonly (readonly [string, (bytes: Buffer) => Buffer])[] = [
  ['is empty', () => Buffer.alloc(0)],
  ['is cut off', (bytes) => bytes.subarray(0, 200)],
  ['has bytes after its end', (bytes) => Buffer.concat([bytes, Buffer.from('x')])],
  ['holds a second document', (bytes) => Buffer.concat([bytes, Buffer.from('{}')])],
  ['begins with a byte order mark', (bytes) => Buffer.concat([Buffer.from('\ufeff'), bytes])],
  [
    'holds invalid UTF-8',
    (bytes) => Buffer.concat([Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x2c]), bytes.subarray(1)]),
  ],
  ['holds a lone surrogate', insertAtTop('"x":"\\ud800",')],
  ['holds a fraction', insertAtTop('"x":1.0,')],
  ['holds an exponent', insertAtTop('"x":1e3,')],
  ['holds −0', insertAtTop('"x":-0,')],
  ['holds a number with a leading zero', insertAtTop('"x":01,')],
  ['holds a raw line break in a string', insertAtTop('"x":"\n",')],
  ['is an array', () => Buffer.from('[]')],
  ['is HTML', () => Buffer.from('<html>')],
];

/** `aws-chunked`, as an upload frames its body. */
const inChunks = (bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n0\r\n\r\n')]);

const wrapped: readonly (readonly [string, string, string, (bytes: Buffer) => Buffer])[] = [
  ['is compressed with gzip', 'timestamp.json', 'timestamp', (bytes) => gzipSync(bytes)],
  ['is compressed with zstd', '3.targets.json', 'targets', (bytes) => zstdCompressSync(bytes)],
  ['is still in the chunks of its upload', '3.snapshot.json', 'snapshot', inChunks],
  ['is still in the chunks of its upload', '1.root.json', 'root', inChunks],
];

/** Checks 23 to 25: form of the files, caps, and what lies beside the chain. */
export const FORM_MUTATIONS: readonly Mutation[] = [
  ...wrapped.map(
    ([what, file, role, change]): Mutation => ({
      name: `${file} ${what}`,
      code: 'StoredEncoded',
      role,
      severity: 'wall',
      apply: (repository) => rewrite(repository, file, change),
    }),
  ),
  ...malformed.map(
    ([what, change]): Mutation => ({
      name: `timestamp.json ${what}`,
      code: 'MalformedJSON',
      role: 'timestamp',
      severity: 'wall',
      apply: (repository) => rewrite(repository, 'timestamp.json', change),
    }),
  ),
  {
    name: 'a field stands twice in signed',
    code: 'DuplicateJSONKey',
    role: 'timestamp',
    severity: 'wall',
    apply: (repository) => rewrite(repository, 'timestamp.json', insertIntoSigned('"version":9,')),
  },
  ...(
    [
      ['timestamp.json', '"Signatures":[],'],
      ['timestamp.json', '"SIGNED":{},'],
      ['timestamp.json', '"\u017figned":{},'],
      ['timestamp.json', '"\\u017figned":{},'],
      ['timestamp.json', '"\u017fignature\u017f":[],'],
      ['2.root.json', '"Signed":{},'],
    ] as const
  ).map(
    ([file, text]): Mutation => ({
      name: `${file} holds an unsigned ${text} beside the signed document`,
      code: 'AmbiguousMemberName',
      role: file === 'timestamp.json' ? 'timestamp' : 'root',
      severity: 'wall',
      apply: (repository) => rewrite(repository, file, insertAtTop(text)),
    }),
  ),
  ...(
    [
      ['signed', (bytes: Buffer) => insertIntoSigned('"Version":9,')(bytes)],
      [
        'a signature',
        (bytes: Buffer) => Buffer.from(bytes.toString().replace('"keyid"', '"KeyID": "x", "keyid"')),
      ],
      [
        'a role',
        (bytes: Buffer) => Buffer.from(bytes.toString().replace('"keyids"', '"\u212aeyids": [], "keyids"')),
      ],
      [
        'a key',
        (bytes: Buffer) => Buffer.from(bytes.toString().replace('"keytype"', '"KeyType": "x", "keytype"')),
      ],
      [
        'keyval',
        (bytes: Buffer) => Buffer.from(bytes.toString().replace('"public"', '"Public": "x", "public"')),
      ],
    ] as const
  ).map(
    ([where, change]): Mutation => ({
      name: `a member of ${where} in a root has a double that differs in case`,
      code: 'AmbiguousMemberName',
      role: 'root',
      severity: 'wall',
      apply: (repository) => rewrite(repository, '2.root.json', change),
    }),
  ),
  {
    name: 'signatures stands twice',
    code: 'DuplicateJSONKey',
    role: 'timestamp',
    severity: 'wall',
    apply: (repository) => rewrite(repository, 'timestamp.json', insertAtTop('"signatures":[],')),
  },
  {
    name: 'a field stands twice, once spelled with an escape',
    code: 'DuplicateJSONKey',
    role: 'timestamp',
    severity: 'wall',
    apply: (repository) => rewrite(repository, 'timestamp.json', insertIntoSigned('"\\u0076ersion":9,')),
  },
  {
    name: 'a version lies beyond 2^53 − 1',
    code: 'IntegerTooLarge',
    role: 'timestamp',
    severity: 'wall',
    apply: (repository) => rewrite(repository, 'timestamp.json', insertAtTop('"x":9007199254740993,')),
  },
  ...(
    [
      ['version', 0],
      ['version', -1],
      ['version', '3'],
      ['meta', []],
      ['meta', { 'snapshot.json': { version: 0 } }],
      ['meta', { 'snapshot.json': { version: 3, hashes: {} } }],
      ['meta', { 'snapshot.json': 3 }],
    ] as const
  ).map(
    ([field, value]): Mutation => ({
      name: `${field} of timestamp is ${JSON.stringify(value)}`,
      code: 'InvalidMetadata',
      role: 'timestamp',
      severity: 'wall',
      apply: (repository) => {
        repository.timestamp.edits.push((signed) => {
          signed[field] = value;
        });
      },
    }),
  ),
  {
    name: 'targets has no targets',
    code: 'InvalidMetadata',
    role: 'targets',
    severity: 'wall',
    apply: (repository) => delete repository.targets.signed['targets'],
  },
  {
    name: 'timestamp.json is larger than any timestamp',
    code: 'FileTooLarge',
    role: 'timestamp',
    severity: 'wall',
    apply: (repository) => rewrite(repository, 'timestamp.json', insertAtTop(`"x":"${'x'.repeat(66_000)}",`)),
  },
  {
    name: 'a root is larger than any root',
    code: 'FileTooLarge',
    role: 'root',
    severity: 'wall',
    apply: (repository) => rewrite(repository, '2.root.json', insertAtTop(`"x":"${'x'.repeat(512_001)}",`)),
  },
  {
    name: 'the timestamp names a snapshot of 10 GB',
    code: 'FileTooLarge',
    role: 'snapshot',
    severity: 'wall',
    apply: (repository) =>
      repository.timestamp.edits.push((signed) => {
        signed['meta'] = { 'snapshot.json': { version: 3, length: 10_000_000_000 } };
      }),
  },
  {
    name: 'timestamp.json nests 2,000 arrays',
    code: 'LimitExceeded',
    role: 'timestamp',
    severity: 'wall',
    apply: (repository) =>
      rewrite(repository, 'timestamp.json', insertAtTop(`"x":${'['.repeat(2000)}${']'.repeat(2000)},`)),
  },
  {
    name: 'timestamp.json carries 65 signatures',
    code: 'LimitExceeded',
    role: 'timestamp',
    severity: 'wall',
    apply: (repository) =>
      repository.timestamp.signatureEdits.push((signatures) => {
        for (let i = 0; i < 64; i++) {
          signatures.push({ keyid: `surplus ${i}`, sig: '' });
        }
      }),
  },
  {
    name: 'a role lists 65 keys',
    code: 'LimitExceeded',
    role: 'targets',
    severity: 'wall',
    apply: (repository) => {
      repository.delegation('targets', 'stable')['keyids'] = Array.from({ length: 65 }, (_, i) => `key ${i}`);
    },
  },
  {
    name: "the server's round trip would add a field to a root",
    code: 'ServerWouldRefuse',
    role: 'root',
    severity: 'report',
    apply: (repository) => delete repository.root(2).signed['consistent_snapshot'],
  },
  {
    name: "the server's round trip would add a field to a delegation",
    code: 'ServerWouldRefuse',
    role: 'targets',
    severity: 'report',
    apply: (repository) => delete repository.delegation('targets', 'stable')['terminating'],
  },
  {
    name: 'a signed snapshot was uploaded and no timestamp for it',
    code: 'VersionAboveHead',
    role: 'snapshot',
    severity: 'report',
    apply: (repository) => {
      const next = fileOf(new Repository({ ...BASE, version: 4 }).seal(), '4.snapshot.json');
      repository.fileEdits.push((files) => files.set('4.snapshot.json', next));
    },
  },
  {
    name: 'an unsigned 999.targets.json is planted',
    code: 'UnverifiedVersionAboveHead',
    role: 'targets',
    severity: 'report',
    apply: (repository) =>
      repository.fileEdits.push((files) => files.set('999.targets.json', Buffer.from('{}'))),
  },
  {
    name: "a stranger's 999.stable.json is planted",
    code: 'UnverifiedVersionAboveHead',
    role: 'stable',
    severity: 'report',
    apply: (repository) => {
      const attacker = new Repository({ ...BASE, seed: 'attacker', version: 999 });
      repository.fileEdits.push((files) =>
        files.set('999.stable.json', fileOf(attacker.seal(), '999.stable.json')),
      );
    },
  },
  ...(
    [
      ['+999.snapshot.json', 'snapshot'],
      ['0999.targets.json', 'targets'],
      ['999.stable', 'stable'],
      ['9223372036854775807.stable.json', 'stable'],
      ['03.snapshot.json', 'snapshot'],
    ] as const
  ).map(
    ([name, role]): Mutation => ({
      name: `${name} is planted, which the server takes for a version of ${role}`,
      code: 'UnverifiedVersionAboveHead',
      role,
      severity: 'report',
      apply: (repository) => repository.fileEdits.push((files) => files.set(name, Buffer.from('{}'))),
    }),
  ),
  ...['README', 'evil.json', 'backup/'].map(
    (name): Mutation => ({
      name: `${name} lies in the bucket, which the server takes for a role`,
      code: 'UnversionedName',
      role: name,
      severity: 'report',
      apply: (repository) => repository.fileEdits.push((files) => files.set(name, Buffer.from('x'))),
    }),
  ),
  {
    name: 'an unsigned 999.targets.json of 2 MiB is planted',
    code: 'UnverifiedVersionAboveHead',
    role: 'targets',
    severity: 'report',
    apply: (repository) =>
      repository.fileEdits.push((files) => files.set('999.targets.json', Buffer.alloc(2 * 1024 * 1024))),
  },
  {
    name: 'a signature of 8 MB stands in the file of a role',
    code: 'LimitExceeded',
    role: 'stable',
    severity: 'deny',
    apply: (repository) =>
      repository.file('stable').signatureEdits.push((signatures) => {
        signatures.push({ keyid: 'x', sig: 'ab'.repeat(4_000_000) });
      }),
  },
  ...(
    [
      ['a key id', { keyid: 'x'.repeat(257), sig: 'ab' }],
      ['a signature', { keyid: 'x', sig: 'ab'.repeat(70_000) }],
    ] as const
  ).map(
    ([what, signature]): Mutation => ({
      name: `${what} in the file of a role is longer than any`,
      code: 'LimitExceeded',
      role: 'stable',
      severity: 'deny',
      apply: (repository) =>
        repository.file('stable').signatureEdits.push((signatures) => signatures.push({ ...signature })),
    }),
  ),
  {
    name: 'the files of a removed role are left over',
    code: 'UndelegatedRole',
    role: 'removed',
    severity: 'report',
    apply: (repository) =>
      repository.fileEdits.push((files) => {
        files.set('1.removed.json', Buffer.from('{}'));
        files.set('2.removed.json', Buffer.from('{}'));
      }),
  },
];

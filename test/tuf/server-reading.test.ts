import { beforeAll, describe, expect, test } from 'vitest';
import type { Finding } from '../../src/tuf/findings/finding.ts';
import { openFile } from '../../src/tuf/metadata/envelope.ts';
import { parseRoot } from '../../src/tuf/metadata/root.ts';
import { parseSnapshot } from '../../src/tuf/metadata/snapshot.ts';
import { parseTargets } from '../../src/tuf/metadata/targets.ts';
import { parseTimestamp } from '../../src/tuf/metadata/timestamp.ts';
import { verify } from '../../src/tuf/verify/verify.ts';
import { MemorySource } from './generator/memory-source.ts';
import { fileOf, sha256 } from './generator/mutations/mutation.ts';
import { REFERENCE_TIME, Repository, type RepositoryOptions } from './generator/repository.ts';
import { type GoReading, readWithGo } from './go-tuf.ts';

type Type = 'root' | 'timestamp' | 'snapshot' | 'targets';

/**
 * What becomes of a file: refused here, trusted with a warning that the server won't, or read alike by both.
 */
type Outcome = 'refused' | 'reported' | 'same';

/** One way in which two parsers might see two documents in one file. */
interface Row {
  readonly name: string;
  readonly file: Type | 'stable';
  readonly outcome: Outcome;
  readonly options?: RepositoryOptions;
  /** Before signing. */
  readonly sign?: (repository: Repository) => void;
  /** After signing. */
  readonly edit?: (text: string) => string;
}

const BASE: RepositoryOptions = { seed: 'server', digests: false, delegations: [{ name: 'stable' }] };

const top = (text: string) => (file: string) => file.replace('{', `{${text}`);
const inSigned = (text: string) => (file: string) => file.replace('"signed": {', `"signed": {${text}`);
const before = (member: string, text: string) => (file: string) =>
  file.replace(`"${member}"`, `${text}"${member}"`);
const instead = (pattern: string | RegExp, text: string) => (file: string) => file.replace(pattern, text);
const field =
  (role: string, name: string, value: unknown) =>
  (repository: Repository): void => {
    const file = role === 'root' ? repository.root(1) : repository.file(role);
    file.edits.push((signed) => {
      signed[name] = value;
    });
  };
const delegation =
  (change: (entry: Record<string, unknown>) => void) =>
  (repository: Repository): void =>
    change(repository.delegation('targets', 'stable'));
const artifact =
  (entry: unknown) =>
  (repository: Repository): void => {
    repository.targets.signed['targets'] = { app: entry };
  };

const FILES = ['root', 'timestamp', 'snapshot', 'targets', 'stable'] as const;

const ROWS: readonly Row[] = [
  ...FILES.map((file): Row => ({ name: 'nothing odd', file, outcome: 'same' })),
  // Members that fold, and the last of several.
  ...FILES.flatMap((file) =>
    [
      '"Signed":{},',
      '"SIGNATURES":[],',
      '"\u017figned":{},',
      '"\\u017fignatures":[],',
      '"signed":{},',
      '"\\u0073igned":{},',
    ].map((text): Row => ({ name: text, file, outcome: 'refused', edit: top(text) })),
  ),
  ...FILES.flatMap((file) =>
    [
      '"Version":9,',
      '"EXPIRES":"2040-01-01T00:00:00Z",',
      '"_TYPE":"x",',
      '"ver\u017fion":9,',
      '"version":9,',
    ].map((text): Row => ({ name: text, file, outcome: 'refused', edit: inSigned(text) })),
  ),
  { name: 'KeyID', file: 'timestamp', outcome: 'refused', edit: before('keyid', '"KeyID":"x",') },
  { name: 'Kelvin sign', file: 'timestamp', outcome: 'refused', edit: before('keyid', '"\u212aeyid":"x",') },
  { name: 'Sig', file: 'timestamp', outcome: 'refused', edit: before('sig', '"Sig":"00",') },
  { name: 'Meta', file: 'timestamp', outcome: 'refused', edit: before('meta', '"Meta":{},') },
  {
    name: 'Version of a link',
    file: 'snapshot',
    outcome: 'refused',
    edit: instead(/"version": 1\n\t\t\t\}/, '"version": 1, "Version": 7\n}'),
  },
  { name: 'Threshold', file: 'root', outcome: 'refused', edit: before('threshold', '"Threshold":9,') },
  { name: 'KeyType', file: 'root', outcome: 'refused', edit: before('keytype', '"KeyType":"x",') },
  { name: 'Public', file: 'root', outcome: 'refused', edit: before('public', '"Public":"x",') },
  {
    name: 'Delegations',
    file: 'targets',
    outcome: 'refused',
    edit: before('delegations', '"Delegations":null,'),
  },
  {
    name: 'signed Delegations',
    file: 'stable',
    outcome: 'refused',
    sign: field('stable', 'Delegations', { keys: {}, roles: [] }),
  },
  {
    name: 'a role called Stable beside stable',
    file: 'snapshot',
    outcome: 'same',
    sign: (r) => r.delegate('targets', { name: 'Stable' }),
  },
  // Numbers
  ...['1.0', '1e0', '-0', '01', '9007199254740993', '"1"', 'null', 'true', '[1]'].map(
    (value): Row => ({
      name: `version ${value}`,
      file: 'timestamp',
      outcome: 'refused',
      edit: instead('"version": 1', `"version": ${value}`),
    }),
  ),
  {
    name: 'an unknown integer beyond 2^53',
    file: 'timestamp',
    outcome: 'refused',
    edit: inSigned('"x":9007199254740993,'),
  },
  { name: 'an unsigned fraction', file: 'timestamp', outcome: 'refused', edit: top('"x":1.5,') },
  {
    name: 'threshold 0',
    file: 'targets',
    outcome: 'refused',
    sign: delegation((d) => {
      d['threshold'] = 0;
    }),
  },
  // Unknown members
  {
    name: 'an unknown signed member',
    file: 'timestamp',
    outcome: 'same',
    sign: field('timestamp', 'x-note', { a: [1, 'b', null, true] }),
  },
  { name: 'an unknown unsigned member', file: 'timestamp', outcome: 'same', edit: top('"x":{"y":[]},') },
  {
    name: 'characters outside of ASCII',
    file: 'timestamp',
    outcome: 'same',
    sign: field('timestamp', 'x', 'é\u2028😀<&>'),
  },
  // Signatures
  {
    name: 'a signature that is no hex',
    file: 'timestamp',
    outcome: 'reported',
    edit: instead('"signatures": [', '"signatures": [{"keyid":"x","sig":"zz"},'),
  },
  {
    name: 'an odd digit more',
    file: 'timestamp',
    outcome: 'reported',
    edit: instead('"signatures": [', '"signatures": [{"keyid":"x","sig":"abc"},'),
  },
  {
    name: 'an empty signature',
    file: 'timestamp',
    outcome: 'same',
    edit: instead('"signatures": [', '"signatures": [{"keyid":"x","sig":""},'),
  },
  {
    name: 'a signature in capitals',
    file: 'timestamp',
    outcome: 'same',
    edit: (text) => text.replace(/"sig": "([0-9a-f]+)"/, (_, hex: string) => `"sig": "${hex.toUpperCase()}"`),
  },
  {
    name: 'the same key id twice',
    file: 'timestamp',
    outcome: 'refused',
    edit: (text) => text.replace(/"signatures": \[\s*(\{[^}]*\})/, '"signatures": [$1,$1'),
  },
  {
    name: 'signatures null',
    file: 'timestamp',
    outcome: 'refused',
    edit: (text) => text.replace(/"signatures": \[[^\]]*\]/, '"signatures": null'),
  },
  // Form
  { name: 'a byte order mark', file: 'timestamp', outcome: 'refused', edit: (text) => `\ufeff${text}` },
  { name: 'bytes after the end', file: 'timestamp', outcome: 'refused', edit: (text) => `${text}{}` },
  { name: 'a lone surrogate', file: 'timestamp', outcome: 'refused', edit: top('"x":"\\ud800",') },
  // Times
  ...['2030-06-01T00:00:00.5Z', '2030-06-01T02:00:00+02:00'].map(
    (text): Row => ({
      name: `expires ${text}`,
      file: 'timestamp',
      outcome: 'same',
      sign: field('timestamp', 'expires', text),
    }),
  ),
  ...['2030-06-01T00:00:00.50Z', '2030-06-01T00:00:00+00:00', '2030-06-01T00:00:00-00:00'].map(
    (text): Row => ({
      name: `expires ${text}`,
      file: 'timestamp',
      outcome: 'reported',
      sign: field('timestamp', 'expires', text),
    }),
  ),
  ...[
    '2030-06-01t00:00:00z',
    '2030-06-01 00:00:00Z',
    '2030-06-01',
    '2030-02-30T00:00:00Z',
    '2030-06-01T24:00:00Z',
    '2030-06-01T00:00:60Z',
  ].map(
    (text): Row => ({
      name: `expires ${text}`,
      file: 'timestamp',
      outcome: 'refused',
      sign: field('timestamp', 'expires', text),
    }),
  ),
  // What the round trip through Go's structures changes.
  {
    name: 'consistent_snapshot absent',
    file: 'root',
    outcome: 'reported',
    sign: (r) => delete r.root(1).signed['consistent_snapshot'],
  },
  {
    name: 'consistent_snapshot null',
    file: 'root',
    outcome: 'reported',
    sign: field('root', 'consistent_snapshot', null),
  },
  {
    name: 'consistent_snapshot "true"',
    file: 'root',
    outcome: 'reported',
    sign: field('root', 'consistent_snapshot', 'true'),
  },
  {
    name: 'delegations null',
    file: 'stable',
    outcome: 'reported',
    sign: field('stable', 'delegations', null),
  },
  {
    name: 'terminating absent',
    file: 'targets',
    outcome: 'reported',
    sign: delegation((d) => delete d['terminating']),
  },
  {
    name: 'paths empty',
    file: 'targets',
    outcome: 'same',
    sign: delegation((d) => {
      d['paths'] = [];
    }),
  },
  { name: 'an artifact without hashes', file: 'targets', outcome: 'reported', sign: artifact({ length: 1 }) },
  {
    name: 'an artifact with a digest in capitals',
    file: 'targets',
    outcome: 'reported',
    sign: artifact({ length: 1, hashes: { sha256: 'AB' } }),
  },
  {
    name: 'an artifact with sha384 only',
    file: 'targets',
    outcome: 'same',
    sign: artifact({ length: 1, hashes: { sha384: 'ab' } }),
  },
  { name: 'an artifact that is no object', file: 'targets', outcome: 'reported', sign: artifact(3) },
  {
    name: 'an artifact without length',
    file: 'targets',
    outcome: 'reported',
    sign: artifact({ hashes: { sha256: 'ab' } }),
  },
  {
    name: 'an artifact with custom null',
    file: 'targets',
    outcome: 'reported',
    sign: artifact({ length: 1, hashes: { sha256: 'ab' }, custom: null }),
  },
  {
    name: 'an artifact with custom',
    file: 'targets',
    outcome: 'same',
    sign: artifact({ length: 1, hashes: { sha256: 'ab' }, custom: { Version: '1', b: 1 } }),
  },
  // Keys: every kind, for every file.
  ...(
    [
      ['ed25519', 'same'],
      ['ed25519-pem', 'reported'],
      ['p256', 'same'],
      ['p256-hex', 'reported'],
      ['p384', 'same'],
      ['p384-hex', 'reported'],
      ['rsa-sha256', 'same'],
      ['rsa-sha384', 'reported'],
      ['rsa-sha512', 'reported'],
    ] as const
  ).flatMap(([kind, outcome]) =>
    FILES.map(
      (file): Row => ({
        name: `keys of kind ${kind}`,
        file,
        outcome,
        options: { keyKinds: [kind], seed: kind },
      }),
    ),
  ),
  {
    name: 'a key id of the role that is not among the keys',
    file: 'stable',
    outcome: 'reported',
    sign: delegation((d) => (d['keyids'] as string[]).push('gone')),
  },
  {
    name: 'a further key of an unknown type',
    file: 'stable',
    outcome: 'reported',
    sign: (r) => {
      const { keys } = r.targets.signed['delegations'] as { keys: Record<string, unknown> };
      keys['x'] = { keytype: 'new', scheme: 'new', keyval: { public: 'ab' } };
      (r.delegation('targets', 'stable')['keyids'] as string[]).push('x');
    },
  },
];

/** What this project reads from a file, in go-tuf's words. */
function readHere(type: Type, bytes: Uint8Array): Omit<GoReading, 'error' | 'unverified'> {
  const file = openFile(bytes, type, 'unambiguous');
  const { version, expires, signatures } = file.envelope;
  const common = {
    version: Number(version),
    expires: new Date(expires.at).toISOString(),
    signatures: Object.fromEntries(
      signatures.map(({ keyid, sig }) => [keyid, Buffer.from(sig ?? []).toString('hex')]),
    ),
  };
  if (type === 'timestamp') {
    return { ...common, links: { 'snapshot.json': Number(parseTimestamp(file).snapshot.version) } };
  }
  if (type === 'snapshot') {
    const { roles } = parseSnapshot(file);
    return {
      ...common,
      links: Object.fromEntries([...roles].map(([role, link]) => [`${role}.json`, Number(link.version)])),
    };
  }
  const { keys, roles } =
    type === 'root'
      ? parseRoot(file)
      : (parseTargets(file).delegations ?? { keys: undefined, roles: undefined });
  const named = Array.isArray(roles)
    ? roles.map((role) => [role.name, role] as const)
    : Object.entries(roles ?? {});
  return {
    ...common,
    ...(keys === undefined
      ? {}
      : { keys: Object.fromEntries([...keys].map(([id, key]) => [id, key.public ?? ''])) }),
    ...(roles === undefined
      ? {}
      : {
          roles: Object.fromEntries(
            named.map(([name, { keyids, threshold }]) => [name, { keyids, threshold }]),
          ),
        }),
  };
}

interface Result {
  readonly outcome: Outcome;
  readonly findings: readonly Finding[];
  readonly here: Omit<GoReading, 'error' | 'unverified'> | undefined;
  readonly go: GoReading;
}

describe('what is verified is what the server reads', () => {
  const results = new Map<Row, Result>();

  beforeAll(async () => {
    const cases = await Promise.all(ROWS.map(async (row) => ({ row, ...(await verifyRow(row)) })));
    const readings = await readWithGo(cases.map(({ request }) => request));
    for (const [index, { row, outcome, findings, request }] of cases.entries()) {
      const go = readings[index] ?? { error: 'no answer', version: 0, expires: '' };
      const here = outcome === 'refused' ? undefined : readHere(request.type, request.file);
      results.set(row, { outcome, findings, here, go });
    }
  });

  test.each(ROWS.map((row) => ({ row, title: `${row.file}: ${row.name} is ${row.outcome}` })))(
    '$title',
    ({ row }) => {
      const result = results.get(row);
      expect([result?.outcome, result?.findings.map(({ detail }) => detail)]).toEqual([
        row.outcome,
        expect.anything(),
      ]);
      if (result === undefined || result.outcome === 'refused') {
        return;
      }
      const { error, unverified, expires, ...go } = result.go;
      if (result.outcome === 'reported') {
        // No false alarm: the server does refuse it.
        expect(error ?? unverified).toBeDefined();
        return;
      }
      expect({ error, unverified }).toEqual({ error: undefined, unverified: undefined });
      expect({ ...go, expires: new Date(expires).toISOString() }).toEqual(result.here);
    },
  );
});

async function verifyRow({ file: role, options, sign, edit }: Row) {
  const repository = new Repository({ ...BASE, ...options });
  sign?.(repository);
  const files = repository.seal();
  const name = role === 'timestamp' ? 'timestamp.json' : `1.${role}.json`;
  const text = fileOf(files, name).toString();
  const edited = edit?.(text) ?? text;
  if (edit !== undefined && edited === text) {
    throw new Error(`the edit of ${name} changes nothing`);
  }
  files.set(name, Buffer.from(edited));
  const { verdict, findings } = await verify(new MemorySource(files), {
    anchor: { kind: 'sha256', sha256: sha256(fileOf(files, '1.root.json')) },
    now: REFERENCE_TIME,
    policy: { mode: 'recovery' },
  });
  const isReported = findings.some(
    (finding) => finding.code === 'ServerWouldRefuse' && finding.role === role,
  );
  const outcome: Outcome = verdict === 'refused' ? 'refused' : isReported ? 'reported' : 'same';
  const type: Type = role === 'stable' ? 'targets' : role;
  const delegator = fileOf(files, role === 'stable' ? '1.targets.json' : '1.root.json');
  return { outcome, findings, request: { type, role, file: fileOf(files, name), root: delegator } };
}

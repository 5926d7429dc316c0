/**
 * One measurement in a process of its own: `node bench/measurement.ts verify|bound|tuf-js DIR` prints one
 * {@link Measurement} as JSON.
 */
import { createHash, generateKeyPairSync, sign, verify as verifySignature } from 'node:crypto';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type Metadata, MetadataKind, Metadata as Models } from '@tufjs/models';
import { DirectorySource } from '../src/storage/directory.ts';
import { scanFile } from '../src/tuf/json/scanner.ts';
import { verify } from '../src/tuf/verify.ts';
import { REFERENCE_TIME } from '../test/tuf/generator/repository.ts';

/** What one process measured. */
export interface Measurement {
  readonly files: number;
  readonly bytes: number;
  readonly ms: number;
  /** User and system time of all threads. */
  readonly cpuMs: number;
  readonly loopP99Ms: number;
  readonly loopMaxMs: number;
  readonly peakMB: number;
  /** From start to end of the process, measured from outside. */
  readonly processMs?: number;
}

type Files = ReadonlyMap<string, Uint8Array>;

async function readAll(directory: string): Promise<Files> {
  const source = new DirectorySource(directory);
  const listing = await source.list();
  const files = await Promise.all(
    listing.map(async ({ name, size }) => [name, await source.get(name, { maxBytes: size })] as const),
  );
  return new Map(files);
}

/** The verifier as a command would use it: reading included. */
async function runVerify(directory: string): Promise<void> {
  const source = new DirectorySource(directory);
  const root = await source.get('1.root.json', { maxBytes: 1_000_000 });
  const { verdict, findings } = await verify(source, {
    anchor: { kind: 'root', bytes: root },
    now: REFERENCE_TIME,
    policy: { mode: 'recovery' },
  });
  if (verdict !== 'trusted') throw new Error(`refused: ${findings[0]?.detail}`);
}

/** One scan, one sha256 and one ed25519 signature check for every file, and nothing else. */
function runBound(files: Files): void {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  // Of another message: a signature that turns out to be wrong costs as much as one that is right.
  const signature = sign(null, Buffer.from('another message'), privateKey);
  for (const bytes of files.values()) {
    createHash('sha256').update(bytes).digest();
    verifySignature(null, scanFile(bytes, 'unambiguous').canonical, publicKey, signature);
  }
}

/** What tuf-js does for each file once it has it: parse, and verify against the delegator. */
function runTufJS(files: Files): void {
  const parse = <T>(name: string, from: (json: never) => T): T =>
    from(JSON.parse(Buffer.from(files.get(name) ?? []).toString()) as never);
  const root = parse('1.root.json', (json) => Models.fromJSON(MetadataKind.Root, json));
  const snapshot = parse('1.snapshot.json', (json) => Models.fromJSON(MetadataKind.Snapshot, json));
  const targets = parse('1.targets.json', (json) => Models.fromJSON(MetadataKind.Targets, json));
  root.verifyDelegate('root', root as Metadata<never>);
  root.verifyDelegate(
    'timestamp',
    parse('timestamp.json', (json) => Models.fromJSON(MetadataKind.Timestamp, json)) as Metadata<never>,
  );
  root.verifyDelegate('snapshot', snapshot as Metadata<never>);
  root.verifyDelegate('targets', targets as Metadata<never>);
  for (const name of Object.keys(snapshot.signed.meta)) {
    if (name === 'targets.json') continue;
    const role = name.replace(/\.json$/, '');
    const delegated = parse(`1.${name}`, (json) => Models.fromJSON(MetadataKind.Targets, json));
    targets.verifyDelegate(role, delegated as Metadata<never>);
  }
}

const [what, directory = ''] = process.argv.slice(2);
const files = what === 'verify' ? undefined : await readAll(directory);
const delay = monitorEventLoopDelay({ resolution: 5 });
const cpu = process.cpuUsage();
const start = performance.now();
delay.enable();
if (files === undefined) await runVerify(directory);
else if (what === 'bound') runBound(files);
else runTufJS(files);
const ms = performance.now() - start;
delay.disable();
const { user, system } = process.cpuUsage(cpu);
// Before the files are read once more, to be counted.
const peakMB = process.resourceUsage().maxRSS / 1024;
const counted = files ?? (await readAll(directory));
const measured: Measurement = {
  files: counted.size,
  bytes: [...counted.values()].reduce((sum, { length }) => sum + length, 0),
  ms,
  cpuMs: (user + system) / 1000,
  loopP99Ms: delay.percentile(99) / 1e6,
  loopMaxMs: delay.max / 1e6,
  peakMB,
};
process.stdout.write(JSON.stringify(measured));

/**
 * One measurement in a process of its own: `measurement verify|bound|tuf-js DIR [REPEATS]` prints one
 * {@link Measurement} as JSON.
 */
import { createHash, generateKeyPairSync, sign, verify as verifySignature } from 'node:crypto';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type Metadata, MetadataKind, Metadata as Models } from '@tufjs/models';
import { DirectorySource } from '../src/storage/directory.ts';
import { scanFile } from '../src/tuf/json/scanner.ts';
import { verify } from '../src/tuf/verify/verify.ts';
import { listAll } from '../test/harness/list-all.ts';
import { REFERENCE_TIME } from '../test/tuf/generator/repository.ts';

/** What one process measured. */
export interface Measurement {
  /** Of the first time, in a process that has just started. */
  readonly firstMs: number;
  /** Of the fastest of all times: what a process pays that has verified before, as a controller has. */
  readonly fastestMs: number;
  /** User and system time of all threads, of the first time. */
  readonly cpuMs: number;
  readonly loopP99Ms: number;
  readonly loopMaxMs: number;
  /** Most resident memory, of the first time. */
  readonly peakMB: number;
}

type Files = ReadonlyMap<string, Uint8Array>;

async function readAll(directory: string): Promise<Files> {
  const source = new DirectorySource(directory);
  const listing = await listAll(source);
  const files = await Promise.all(
    listing.map(async ({ name, size }) => [name, await source.get(name, { maxBytes: size ?? 0 })] as const),
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
  if (verdict !== 'trusted' || findings.length > 0) {
    throw new Error(`${verdict}, with findings: ${findings[0]?.detail}`);
  }
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
    if (name === 'targets.json') {
      continue;
    }
    const role = name.replace(/\.json$/, '');
    const delegated = parse(`1.${name}`, (json) => Models.fromJSON(MetadataKind.Targets, json));
    targets.verifyDelegate(role, delegated as Metadata<never>);
  }
}

const [what, directory = '', repeats = '1'] = process.argv.slice(2);
const files = what === 'verify' ? new Map<string, Uint8Array>() : await readAll(directory);

async function once(): Promise<number> {
  const start = performance.now();
  if (what === 'verify') {
    await runVerify(directory);
  } else if (what === 'bound') {
    runBound(files);
  } else {
    runTufJS(files);
  }
  return performance.now() - start;
}

const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();
const cpu = process.cpuUsage();
const firstMs = await once();
const { user, system } = process.cpuUsage(cpu);
const peakMB = process.resourceUsage().maxRSS / 1024;
let fastestMs = firstMs;
for (let i = 1; i < Number(repeats); i++) {
  fastestMs = Math.min(fastestMs, await once());
}
delay.disable();
const measured: Measurement = {
  firstMs,
  fastestMs,
  cpuMs: (user + system) / 1000,
  loopP99Ms: delay.percentile(99) / 1e6,
  loopMaxMs: delay.max / 1e6,
  peakMB,
};
process.stdout.write(JSON.stringify(measured));

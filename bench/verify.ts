/**
 * Measures the verifier, built as users run it, against what it can't go below: node:crypto's own signature
 * rate, sha256, and one scan over the same files, in the same run on the same machine, and the whole command
 * against a client on go-tuf, which `npm run setup` builds. Every measurement is a process of its own. Prints
 * ratios and fails nothing: machines differ.
 *
 *   node bench/verify.ts [case …]      cases: 8, 256, 16384, artifacts
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bundle } from '../scripts/build/bundle.ts';
import { encodeSegment } from '../src/storage/file-encoding.ts';
import { asset } from '../test/harness/assets.ts';
import { REFERENCE_TIME, Repository, type RepositoryOptions } from '../test/tuf/generator/repository.ts';
import type { Measurement } from './measurement.ts';
import { median } from './quantile.ts';

const ARTIFACTS_PER_ROLE = 6;

const CASES: Readonly<Record<string, RepositoryOptions>> = {
  8: withRoles(8),
  256: withRoles(256),
  16384: withRoles(16_384),
  artifacts: { seed: 'bench', artifacts: 205_000 },
};

/** Beyond this tuf-js, which is quadratic in the number of roles, does not finish in a reasonable time. */
const TUF_JS_CASES: ReadonlySet<string> = new Set(['8', '256']);

/** How often a process measures the same; the first time and the fastest are shown. */
const REPEATS: Readonly<Record<string, number>> = { 8: 200, 256: 40, 16384: 5, artifacts: 5 };

/** How often each whole command is run. */
const COMMANDS = 5;

const run = promisify(execFile);

function withRoles(count: number): RepositoryOptions {
  const name = (i: number): string => `channel-${String(i).padStart(5, '0')}`;
  return {
    seed: 'bench',
    delegations: Array.from({ length: count }, (_, i) => ({ name: name(i), keys: ['online'] })),
  };
}

/** Writes a case's files into a directory, each delegated role with a few artifacts. */
function write(directory: string, options: RepositoryOptions): void {
  const repository = new Repository(options);
  for (const { role, signed } of repository.delegated.values()) {
    signed['targets'] = Object.fromEntries(
      Array.from({ length: ARTIFACTS_PER_ROLE }, (_, i) => [
        `${role}/linux/amd64/app-1.${i}.0.tar.gz`,
        { length: 1_000_000 + i, hashes: { sha256: 'ab'.repeat(32) }, custom: { critical: false } },
      ]),
    );
  }
  for (const [name, bytes] of repository.seal()) {
    writeFileSync(join(directory, encodeSegment(name)), bytes);
  }
}

/**
 * Medians of whole commands, from the start of the process to its end: `tuf-recovery verify DIRECTORY`, and a
 * client on go-tuf that reads every role. They take turns, so that both have the same load beside them.
 */
async function commandsMs(
  programs: string,
  directory: string,
): Promise<{ readonly verify: number; readonly goTUF: number }> {
  const at = REFERENCE_TIME.toISOString();
  const flags = ['--root', join(directory, '1.root.json'), '--reference-time', at];
  const timed = async (program: string, args: readonly string[]): Promise<number> => {
    const start = performance.now();
    await run(program, [...args]);
    return performance.now() - start;
  };
  const verify: number[] = [];
  const goTUF: number[] = [];
  for (let round = 0; round < COMMANDS; round += 1) {
    verify.push(
      await timed(process.execPath, [join(programs, 'tuf-recovery.js'), 'verify', directory, ...flags]),
    );
    goTUF.push(await timed(asset('gotuf'), ['client', directory, at]));
  }
  return { verify: median(verify), goTUF: median(goTUF) };
}

async function compare(programs: string, name: string, directory: string): Promise<Record<string, string>> {
  const measure = async (what: 'verify' | 'bound' | 'tuf-js'): Promise<Measurement> => {
    const script = join(programs, 'measurement.js');
    const { stdout } = await run(process.execPath, [script, what, directory, String(REPEATS[name] ?? 1)]);
    // The script prints exactly one Measurement.
    return JSON.parse(stdout) as Measurement;
  };
  const files = readdirSync(directory);
  const bytes = files.reduce((sum, file) => sum + statSync(join(directory, file)).size, 0);
  const bound = await measure('bound');
  const verified = await measure('verify');
  const tufJS = TUF_JS_CASES.has(name) ? await measure('tuf-js') : undefined;
  const command = await commandsMs(programs, directory);
  const ratio = (a: number, b: number): string => (a / b).toFixed(2);
  return {
    'files, MB': `${files.length}, ${(bytes / 1e6).toFixed(1)}`,
    'bound ms': bound.fastestMs.toFixed(1),
    'verify ms': verified.fastestMs.toFixed(1),
    '÷ bound': ratio(verified.fastestMs, bound.fastestMs),
    'first ms': verified.firstMs.toFixed(0),
    'first ÷ bound': ratio(verified.firstMs, bound.firstMs),
    'CPU ÷ bound': ratio(verified.cpuMs, bound.cpuMs),
    'command ms': command.verify.toFixed(0),
    'command ÷ go-tuf': ratio(command.verify, command.goTUF),
    'loop p99 / max ms': `${verified.loopP99Ms.toFixed(0)} / ${verified.loopMaxMs.toFixed(0)}`,
    'peak MB': verified.peakMB.toFixed(0),
    'tuf-js ÷ verify': tufJS === undefined ? '–' : ratio(tufJS.fastestMs, verified.fastestMs),
  };
}

const wanted = process.argv.slice(2);
const rows: Record<string, Record<string, string>> = {};
const programs = mkdtempSync(join(tmpdir(), 'bench-verify-programs-'));
try {
  await bundle({ measurement: 'bench/measurement.ts', 'tuf-recovery': 'src/cli/main.ts' }, programs);
  writeFileSync(join(programs, 'package.json'), '{"type":"module"}');
  for (const [name, options] of Object.entries(CASES)) {
    if (wanted.length > 0 && !wanted.includes(name)) {
      continue;
    }
    const directory = mkdtempSync(join(tmpdir(), 'bench-verify-'));
    try {
      process.stderr.write(`${name}: writing the repository …\n`);
      write(directory, options);
      rows[name] = await compare(programs, name, directory);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }
} finally {
  rmSync(programs, { recursive: true, force: true });
}
console.table(rows);

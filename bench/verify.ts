/**
 * Measures the verifier against what it can't go below: node:crypto's own signature rate, sha256, and one scan over
 * the same files, in the same run on the same machine. Every measurement is a process of its own. Prints ratios and
 * fails nothing: machines differ.
 *
 *   node bench/verify.ts [case …]      cases: 8, 256, 16384, artifacts
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { encodeSegment } from '../src/storage/file-encoding.ts';
import { Repository, type RepositoryOptions } from '../test/tuf/generator/repository.ts';
import type { Measurement } from './measurement.ts';

const ARTIFACTS_PER_ROLE = 6;

const CASES: Readonly<Record<string, RepositoryOptions>> = {
  8: withRoles(8),
  256: withRoles(256),
  16384: withRoles(16_384),
  artifacts: { seed: 'bench', artifacts: 120_000 },
};

/** Beyond this tuf-js, which is quadratic in the number of roles, does not finish in a reasonable time. */
const TUF_JS_CASES: ReadonlySet<string> = new Set(['8', '256']);

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
  for (const [name, bytes] of repository.seal()) writeFileSync(join(directory, encodeSegment(name)), bytes);
}

async function measure(what: 'verify' | 'bound' | 'tuf-js', directory: string): Promise<Measurement> {
  const script = fileURLToPath(new URL('./measurement.ts', import.meta.url));
  const start = performance.now();
  const { stdout } = await promisify(execFile)(process.execPath, [script, what, directory]);
  // The script prints exactly one Measurement.
  const measured = JSON.parse(stdout) as Measurement;
  return { ...measured, processMs: performance.now() - start };
}

const wanted = process.argv.slice(2);
const rows: Record<string, Record<string, string>> = {};
for (const [name, options] of Object.entries(CASES)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const directory = mkdtempSync(join(tmpdir(), 'bench-verify-'));
  try {
    process.stderr.write(`${name}: writing the repository …\n`);
    write(directory, options);
    const bound = await measure('bound', directory);
    const verified = await measure('verify', directory);
    const tufJS = TUF_JS_CASES.has(name) ? await measure('tuf-js', directory) : undefined;
    rows[name] = {
      'files, MB': `${verified.files}, ${(verified.bytes / 1e6).toFixed(1)}`,
      'bound ms': bound.ms.toFixed(0),
      'verify ms': verified.ms.toFixed(0),
      'verify ÷ bound': (verified.ms / bound.ms).toFixed(2),
      'CPU ÷ bound': (verified.cpuMs / bound.cpuMs).toFixed(2),
      'process ms': (verified.processMs ?? 0).toFixed(0),
      'loop p99 / max ms': `${verified.loopP99Ms.toFixed(0)} / ${verified.loopMaxMs.toFixed(0)}`,
      'peak MB': verified.peakMB.toFixed(0),
      'tuf-js ÷ verify': tufJS === undefined ? '–' : (tufJS.ms / verified.ms).toFixed(1),
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
console.table(rows);

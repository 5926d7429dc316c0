/**
 * Verifies hostile buckets in this process and prints one line of JSON about each:
 * `node --expose-gc --max-old-space-size=384 test/tuf/hostile/run.ts [NAME…]`. Whatever they hold, the
 * process must survive, give the expected verdict, and be able to report on it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { reportText } from '../../../src/controllers/bootstraprecovery/report.ts';
import { Lifetimes } from '../../../src/recovery/plan/lifetimes.ts';
import { verify } from '../../../src/tuf/verify/verify.ts';
import { outcomeOf } from '../../recovery/fixtures/outcome.ts';
import { sha256 } from '../generator/mutations/mutation.ts';
import { REFERENCE_TIME } from '../generator/repository.ts';
import { HOSTILE_BUCKETS, type HostileBucket } from './buckets.ts';

/** What is measured of one bucket. */
export interface HostileResult {
  readonly name: string;
  readonly expected: string;
  readonly verdict: string;
  readonly codes: readonly string[];
  readonly milliseconds: number;
  /** Longest the event loop was blocked. */
  readonly blockedMs: number;
  /** Peak of resident memory while it was verified; elsewhere than on Linux, of the process so far. */
  readonly peakMiB: number;
  readonly reportBytes: number;
}

async function measure({ name, verdict: expected, make }: HostileBucket): Promise<HostileResult> {
  using source = make();
  const root = await source.get('1.root.json', { maxBytes: 1_000_000 });
  forgetPeak();
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const start = performance.now();
  const verification = await verify(source, {
    anchor: { kind: 'sha256', sha256: sha256(root) },
    now: REFERENCE_TIME,
    policy: { mode: 'recovery' },
  });
  const milliseconds = performance.now() - start;
  delay.disable();
  const { verdict, trusted, findings } = verification;
  if (trusted !== undefined) {
    new Lifetimes(trusted, verification.listing);
  }
  const report = reportText(outcomeOf({ trusted, findings }));
  return {
    name,
    expected,
    verdict,
    codes: [...new Set(findings.map(({ code }) => code))],
    milliseconds: Math.round(milliseconds),
    blockedMs: Math.round(delay.max / 1e6),
    peakMiB: Math.round(peakKiB() / 1024),
    reportBytes: Buffer.byteLength(report),
  };
}

/** Collects what making the bucket left behind, and starts the kernel's peak of resident memory anew. */
function forgetPeak(): void {
  globalThis.gc?.();
  globalThis.gc?.();
  try {
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {
    // Not Linux, or not allowed: the peak then covers more than this bucket.
  }
}

function peakKiB(): number {
  try {
    const status = readFileSync('/proc/self/status', 'utf8');
    return Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1]);
  } catch {
    return process.resourceUsage().maxRSS;
  }
}

const wanted = process.argv.slice(2);
for (const bucket of HOSTILE_BUCKETS) {
  if (wanted.length === 0 || wanted.includes(bucket.name)) {
    process.stdout.write(`${JSON.stringify(await measure(bucket))}\n`);
  }
}

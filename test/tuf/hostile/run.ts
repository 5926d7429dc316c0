/**
 * Verifies hostile buckets in this process and prints one line of JSON about each:
 * `node --expose-gc --max-old-space-size=384 test/tuf/hostile/run.ts NAME…`. Whatever they hold, the
 * process must survive, give the expected verdict, and be able to report on it.
 */
import { inTurns } from '../../../src/async/in-turns.ts';
import { reportText } from '../../../src/controllers/bootstraprecovery/report.ts';
import { verify } from '../../../src/tuf/verify/verify.ts';
import { outcomeOf } from '../../recovery/fixtures/outcome.ts';
import { sha256 } from '../generator/mutations/mutation.ts';
import { HOSTILE_BUCKETS, type HostileBucket } from './buckets.ts';
import { type Measured, Meter } from './meter.ts';

/** What is measured of one bucket. */
export interface HostileResult extends Measured {
  readonly name: string;
  readonly expected: string;
  readonly verdict: string;
  readonly codes: readonly string[];
  /** Of the first finding. */
  readonly detail: string | undefined;
  readonly reportBytes: number;
}

async function measure({ name, verdict: expected, make }: HostileBucket): Promise<HostileResult> {
  using source = make();
  const root = await source.get('1.root.json', { maxBytes: 1_000_000 });
  const meter = new Meter();
  const { verdict, trusted, findings } = await verify(source, {
    anchor: { kind: 'sha256', sha256: sha256(root) },
    now: new Date(),
    policy: { mode: 'recovery' },
  });
  const report = await inTurns(reportText(outcomeOf({ trusted, findings })));
  const measured = meter.stop();
  return {
    ...measured,
    name,
    expected,
    verdict,
    codes: [...new Set(findings.map(({ code }) => code))],
    detail: findings[0]?.detail,
    reportBytes: Buffer.byteLength(report),
  };
}

for (const name of process.argv.slice(2)) {
  const bucket = HOSTILE_BUCKETS.find((each) => each.name === name);
  if (bucket === undefined) {
    throw new RangeError(`There is no bucket ${name}.`);
  }
  process.stdout.write(`${JSON.stringify(await measure(bucket))}\n`);
}

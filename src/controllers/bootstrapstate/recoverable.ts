import type { RecoverableReason } from '../../api/bootstrapstate/reasons.ts';
import type { BootstrapStateStatus } from '../../api/bootstrapstate.generated.ts';
import type { Verdict } from '../../api/conditions.ts';
import type { Baseline } from '../loss-detection/baseline.ts';

/** What the status says about a recovery that is not needed yet. */
export type RecoverableStatus = NonNullable<BootstrapStateStatus['recoverable']>;

type Difference = NonNullable<RecoverableStatus['differences']>[number];

const maxDifferences = 16;
/** Most differences named in a message. */
const maxNamed = 3;
const maxKey = 1024;
const maxValue = 64;

/**
 * What a recovery would restore if everything were lost now, compared with what Redis holds. Pure.
 *
 * @param settings the settings of a healthy app: Redis key → value
 * @param captured the copy of its settings, when there is one
 */
export function recoverableStatus(
  wouldBe: NonNullable<Baseline['wouldBe']>,
  settings: ReadonlyMap<string, string>,
  captured: ReadonlyMap<string, string> | undefined,
): RecoverableStatus {
  const differences: Difference[] = [];
  for (const [key, value] of settings) {
    const rebuilt = wouldBe.get(key);
    if (!isSame(value, rebuilt?.value)) {
      differences.push({
        key: cut(key, maxKey),
        value: cut(value, maxValue),
        wouldBe: cut(rebuilt?.value ?? '', maxValue),
        source: rebuilt?.source ?? 'Default',
        captured: captured?.get(key) === value,
      });
    }
  }
  const total = settings.size;
  const copyOnly = differences.filter(({ captured: held }) => held).length;
  const exact = total - differences.length + copyOnly;
  return {
    summary: `${exact}/${total}`,
    exact,
    total,
    ...(copyOnly > 0 && { copyOnly }),
    ...(differences.length > 0 && {
      // What nothing would restore comes first.
      differences: differences
        .toSorted((a, b) => Number(a.captured) - Number(b.captured))
        .slice(0, maxDifferences),
    }),
  };
}

/** The condition that goes with it. */
export function recoverableVerdict(found: RecoverableStatus): Verdict<RecoverableReason> {
  const { summary, exact, total, differences = [] } = found;
  const wrong = differences.filter(({ captured }) => !captured);
  if (exact < total) {
    const more = total - exact > maxNamed ? `; ${total - exact - maxNamed} more` : '';
    const what = wrong
      .slice(0, maxNamed)
      .map(({ key, value, wouldBe, source }) => `${key} is ${value} and would be ${wouldBe} (${source})`);
    return { reason: 'ValuesDiffer', message: `${summary} exact: ${what.join('; ')}${more}.` };
  }
  if (differences.length > 0) {
    const what = differences.slice(0, maxNamed).map(({ key, value }) => `${key}=${value}`);
    const more = differences.length > maxNamed ? ' and more' : '';
    return {
      reason: 'CopyOnly',
      message: `${summary} exact; only the captured copy holds ${what.join(', ')}${more}.`,
    };
  }
  return { reason: 'Exact', message: `${summary} exact from the bucket alone.` };
}

/** The server reads `true` as `1`. */
function isSame(held: string, rebuilt: string | undefined): boolean {
  const read = (value: string | undefined) => (value === 'true' ? '1' : value === 'false' ? '0' : value);
  return held === rebuilt || read(held) === read(rebuilt);
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1).toWellFormed()}…` : text;
}

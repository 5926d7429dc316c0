import type { Outcome } from '../../recovery/outcome.ts';
import { withFlagNames } from '../options/flag-names.ts';
import { findingsText } from './findings-text.ts';
import { headsText } from './heads-text.ts';
import { type OutcomeWord, outcomeWordForReason } from './outcome-json.ts';
import { planText } from './plan-text.ts';
import type { OutputStyle, Tone } from './style.ts';
import { terminalText } from './terminal-text.ts';

/** What the text is about besides the outcome. */
export interface OutcomeSetting {
  /** `alice/tuf` */
  readonly app: string;
  /** Where the metadata was read, without secrets. */
  readonly storage: string;
  /** Where the settings are, without secrets. */
  readonly redis: string;
  /** The reference time. */
  readonly now: Date;
}

const verdicts: Readonly<Record<OutcomeWord, readonly [sign: string, tone: Tone]>> = {
  Recovered: ['✓', 'good'],
  AlreadyConsistent: ['✓', 'good'],
  RecoveryNeeded: ['!', 'warning'],
  Failed: ['✗', 'bad'],
  TimedOut: ['✗', 'bad'],
};

/** A run for people: where, what was proven, what was found, the plan, the findings, and how it ended. */
export function outcomeText(
  outcome: Outcome,
  { app, storage, redis, now }: OutcomeSetting,
  paint: OutputStyle,
): string {
  const { state, trusted, plan, findings, succeeded } = outcome;
  const label = (text: string): string => paint('quiet', text.padEnd(9));
  const word = outcomeWordForReason(succeeded.reason);
  const [sign, tone] = verdicts[word];
  const sections = [
    `${label('App')}${terminalText(app)}\n${label('Metadata')}${terminalText(storage)}\n` +
      `${label('Redis')}${terminalText(redis)}\n${state === undefined ? '' : `${label('State')}${paint('strong', state)}\n`}`,
    trusted === undefined ? '' : `${paint('heading', 'Verified')}\n${headsText(trusted, now, paint)}`,
    plan === undefined ? '' : planText(plan, word === 'Recovered', paint),
    findingsText(findings, paint),
    `${paint(tone, `${sign} ${succeeded.reason}`)}  ${terminalText(withFlagNames(succeeded.message))}\n` +
      (word === 'RecoveryNeeded' ? howToApply(outcome, paint) : ''),
  ];
  return sections.filter((section) => section !== '').join('\n');
}

/** The marker is the task's id, so that the same plan needs the same id. */
function howToApply({ taskID, plan }: Outcome, paint: OutputStyle): string {
  if (plan === undefined) {
    return '';
  }
  return paint(
    'quiet',
    `  Exactly this plan: tuf-recovery recover … --task-id ${taskID} --approve ${plan.digest}\n`,
  );
}

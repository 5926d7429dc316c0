import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BootstrapRecovery } from '../../src/api/bootstraprecovery.generated.ts';
import { succeededReasons } from '../../src/api/reasons.ts';
import { ageText } from '../../src/cli/kubectl/age.ts';
import { progressBar } from '../../src/cli/kubectl/progress-bar.ts';
import { exitCodeOf, nextStepForReason, toneOf } from '../../src/cli/kubectl/run-result.ts';
import { progressText } from '../../src/cli/kubectl/status/run-table.ts';
import { runManifest } from '../controllers/support/objects.ts';

function run(status: BootstrapRecovery['status']): BootstrapRecovery {
  return runManifest({ status });
}

function ended(status: 'True' | 'False' | 'Unknown', reason: string): BootstrapRecovery {
  const condition = { type: 'Succeeded', status, reason, message: '', lastTransitionTime: '' };
  return run({ conditions: [condition] });
}

describe('the exit code tells the truth for every reason there is:', () => {
  test.each(Object.entries(succeededReasons))('%s', (reason, { status }) => {
    const code = exitCodeOf(ended(status, reason));
    if (status === 'Unknown') {
      expect(code).toBeUndefined();
    } else {
      expect(code === 0).toBe(status === 'True');
    }
    expect(toneOf(ended(status, reason))).toBe({ True: 'good', False: 'bad', Unknown: 'warning' }[status]);
  });

  test('of a newer controller, too: False is a failure whatever the word', () => {
    expect(exitCodeOf(ended('False', 'FromTheFuture'))).toBe(1);
    expect(nextStepForReason('FromTheFuture')).toBe('');
    expect(nextStepForReason('constructor')).toBe('');
  });
});

describe('ages read as those of kubectl:', () => {
  test.each([
    [0, '0s'],
    [119, '119s'],
    [120, '2m'],
    [125, '2m5s'],
    [600, '10m'],
    [179 * 60, '179m'],
    [3 * 3600, '3h'],
    [3 * 3600 + 60, '3h1m'],
    [47 * 3600, '47h'],
    [48 * 3600, '2d'],
    [49 * 3600, '2d1h'],
    [400 * 86_400, '400d'],
  ])('%i seconds are %s', (seconds, text) => {
    const now = new Date('2026-11-23T10:00:00Z');
    expect(ageText(new Date(now.getTime() - seconds * 1000).toISOString(), now)).toBe(text);
  });

  test('a time that is missing, unreadable or in the future is no crash', () => {
    const now = new Date('2026-11-23T10:00:00Z');
    expect(ageText(undefined, now)).toBe('-');
    expect(ageText('yesterday', now)).toBe('-');
    expect(ageText('2026-11-23T10:00:09Z', now)).toBe('0s');
  });
});

describe('a progress bar', () => {
  test('is as wide in every state, and full only when everything is done', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.boolean(), (completed, total, blocks) => {
        const bar = progressBar(completed, total, blocks);
        expect(bar).toHaveLength(12);
        const full = blocks ? '████████████' : '############';
        expect(bar === full).toBe(total > 0 && completed >= total);
      }),
    );
  });

  test('is shown with the stage while the run is under way, and not after it', () => {
    const progress = { stage: 'Trust', completed: 1, total: 2, summary: 'Trust 1/2', lastProgressTime: '' };
    expect(progressText(run({ progress }), false)).toBe('######...... Trust 1/2');
    expect(progressText(run({}), false)).toBe('-');
    expect(progressText(ended('False', 'InvalidReference'), false)).toBe('-');
  });
});

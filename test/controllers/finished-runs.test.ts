import { describe, expect, test } from 'vitest';
import { lockFinalizer } from '../../src/api/resources.ts';
import { withQueueMessage } from '../../src/controllers/bootstraprecovery/draft.ts';
import { FinishedRuns } from '../../src/controllers/bootstraprecovery/finished-runs.ts';
import { conditions, runManifest } from './support/objects.ts';

const now = new Date(0);
const running = runManifest({ status: { conditions: [...conditions('Running')] } });
const ended = runManifest({ status: { conditions: [...conditions('Recovered')] } });

describe('ends the cache does not show yet', () => {
  test('a run is not reconciled again for states from before its end', () => {
    const ends = new FinishedRuns();
    expect(ends.isAwaitedFor(running)).toBe(false);
    ends.add(ended);
    expect(ends.isAwaitedFor(running)).toBe(true);
    expect(
      ends.isAwaitedFor({ ...ended, metadata: { ...ended.metadata, finalizers: [lockFinalizer] } }),
    ).toBe(true);
  });

  test('once the cache shows the end, the run is reconciled again like any other', () => {
    const ends = new FinishedRuns();
    ends.add(ended);
    expect(ends.isAwaitedFor(ended)).toBe(false);
    expect(ends.isAwaitedFor(running)).toBe(false);
  });

  test('a deletion is always reconciled, and a run that is gone is forgotten', () => {
    const ends = new FinishedRuns();
    ends.add(ended);
    const deleted = {
      ...running,
      metadata: { ...running.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
    };
    expect(ends.isAwaitedFor(deleted)).toBe(false);
    ends.add(ended);
    ends.listener({ type: 'deleted', object: running });
    expect(ends.isAwaitedFor(running)).toBe(false);
  });
});

describe('a run that waits for its turn', () => {
  test('says why, once for each generation', () => {
    const draft = withQueueMessage(runManifest(), 'because', now);
    expect(draft?.verdicts.succeeded).toEqual({ reason: 'Pending', message: 'because' });
    const waiting = { conditions: [...conditions('Pending')], observedGeneration: 1 };
    expect(withQueueMessage(runManifest({ status: waiting }), 'because', now)).toBeUndefined();
    const changed = runManifest({ metadata: { generation: 2 }, status: waiting });
    expect(withQueueMessage(changed, 'because', now)).toBeDefined();
  });

  test('keeps the failure that counts its attempts', () => {
    const status = { conditions: [...conditions('Retrying')], attempts: 1 };
    expect(withQueueMessage(runManifest({ status }), 'because', now)).toBeUndefined();
  });
});

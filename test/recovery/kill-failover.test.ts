import { expect, test } from 'vitest';
import type { RunStage } from '../../src/recovery/observer.ts';
import { failOverOnce } from './fixtures/failover.ts';

const stages: readonly RunStage[] = ['Observe', 'Lock', 'Apply', 'Confirm', 'Record'];

test.each(stages)(
  'Sentinel fails over at %s: the same attempt, or the next, ends right on the new primary',
  async (stage) => {
    // Recovered in the same attempt, or left to be tried again; never a success that is not there.
    expect(['Recovered', 'Retrying']).toContain(await failOverOnce(stage));
  },
);

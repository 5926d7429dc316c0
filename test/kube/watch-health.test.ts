import { expect, test } from 'vitest';
import { WatchHealth } from '../../src/kube/cache/watch-health.ts';
import { ConnectionError } from '../../src/kube/client/connection-error.ts';
import { ManualClock } from '../async/fixtures/manual-clock.ts';
import { observed } from './fixtures/observed.ts';

test('a failed attempt is a sign of life, so an outage of the API server causes no restart', async () => {
  const clock = new ManualClock();
  const { metrics, logger } = observed();
  const health = new WatchHealth({ resource: 'widgets', logger, metrics, clock });
  await clock.advance(60_000);
  expect(health.idleMs).toBe(60_000);
  health.failed(new ConnectionError('Refused', 'GET /widgets: no answer'));
  expect(health.idleMs).toBe(0);
  expect(health.failure).toBe('GET /widgets: no answer');
  await clock.advance(1_000);
  health.succeeded();
  expect(health.failure).toBeUndefined();
  expect(health.idleMs).toBe(0);
});

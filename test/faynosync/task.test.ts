import { expect, test } from 'vitest';
import { readTask, recoveryTask } from '../../src/faynosync/task.ts';
import { GOLDEN_APPS, goldenApp } from '../harness/golden.ts';
import { recordedScenarios } from '../recovery/fixtures/scenarios/recording.ts';

const at = new Date('2026-11-23T11:04:26.063Z');

test('a success is recorded field by field as the server records its own recovery', () => {
  const server = recordedScenarios().find(({ task }) => task?.state === 'SUCCESS')?.task;
  const own = JSON.parse(recoveryTask({ kind: 'success' }, at));
  expect(own).toEqual({ state: server?.state, result: { ...server?.result, last_update: at.toISOString() } });
  expect(Object.keys(own.result)).toEqual(Object.keys(server?.result ?? {}));
});

test('a failure is recorded field by field as the server records its own recovery', () => {
  const server = recordedScenarios().find(({ task }) => task?.state === 'FAILURE')?.task;
  const own = JSON.parse(recoveryTask({ kind: 'failure', error: 'why' }, at));
  expect(Object.keys(own.result)).toEqual(Object.keys(server?.result ?? {}));
  expect(own).toEqual({
    state: 'FAILURE',
    result: {
      error: 'Bootstrap recovery failed: why',
      status: false,
      task: 'bootstrap_recovery',
      last_update: at.toISOString(),
    },
  });
});

test('every task record the real server wrote is understood', async () => {
  for (const name of GOLDEN_APPS) {
    const { redis } = await goldenApp(name);
    for (const [key, { value }] of redis) {
      if (!key.startsWith('task:')) {
        continue;
      }
      expect(readTask(value)).toEqual({ terminal: true, lastUpdate: expect.any(Date) });
    }
  }
});

test.each(['PENDING', 'RECEIVED', 'STARTED', 'RUNNING', 'PRE_RUN', 'RETRY', 'something new'])(
  'a task in state %s is under way',
  (state) => {
    expect(readTask(JSON.stringify({ state }))).toEqual({ terminal: false, lastUpdate: undefined });
  },
);

test.each(['', 'x', 'null', '[]', '{}', '{"state":1}', '"SUCCESS"'])('%j is no task record', (value) => {
  expect(readTask(value)).toBeUndefined();
});

test('a record without a readable time has no age', () => {
  expect(readTask('{"state":"RUNNING","result":{"last_update":"soon"}}')).toEqual({
    terminal: false,
    lastUpdate: undefined,
  });
});

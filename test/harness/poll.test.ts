import { expect, test } from 'vitest';
import { poll, pollObject } from './poll.ts';

const soon = { timeoutMs: 20, intervalMs: 1 };

test('what never comes shows what was seen last, and the last error as its cause', async () => {
  let reads = 0;
  const read = async () => {
    reads += 1;
    return { status: { reads } };
  };
  await expect(pollObject('a third status', read, () => false, soon)).rejects.toThrow(
    /^Waited 20 ms in vain for: a third status\. Seen last: \{\s*"status": \{\s*"reads": \d+\s*\}\s*\}$/,
  );
  const failing = poll('an answer', () => Promise.reject(new Error('refused')), soon);
  await expect(failing).rejects.toMatchObject({ cause: { message: 'refused' } });
});

test('an object is returned as it was when it fulfilled the condition', async () => {
  let reads = 0;
  const read = async () => {
    reads += 1;
    return { reads };
  };
  expect(await pollObject('three reads', read, (seen) => seen.reads === 3, { intervalMs: 1 })).toEqual({
    reads: 3,
  });
});

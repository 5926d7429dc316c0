import { expect, test } from 'vitest';
import { abortable } from '../../src/async/abortable.ts';

const reason = new Error('enough');

test('settles like the promise', async () => {
  const { signal } = new AbortController();
  await expect(abortable(Promise.resolve(1), signal)).resolves.toBe(1);
  await expect(abortable(Promise.reject(reason), signal)).rejects.toBe(reason);
});

test.each([
  ['before the call', true],
  ['after it', false],
])(
  'rejects with the reason of an abort %s, and what the promise does later is handled',
  async (_when, early) => {
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => {
      unhandled.push(error);
    };
    process.on('unhandledRejection', note);
    try {
      const controller = new AbortController();
      const { promise, reject } = Promise.withResolvers<never>();
      if (early) {
        controller.abort(reason);
      }
      const result = abortable(promise, controller.signal);
      controller.abort(reason);
      await expect(result).rejects.toBe(reason);
      reject(new Error('late'));
      // Node.js reports a rejection without a handler once the microtasks are done.
      await new Promise((resolve) => setImmediate(resolve));
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', note);
    }
  },
);

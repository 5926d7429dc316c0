import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  newestMarks,
  raiseMarks,
  type StoredMarks,
  verifiedMarksOf,
} from '../../src/controllers/app-history/high-water-marks.ts';

const mark = fc.record({ version: fc.integer({ min: 1, max: 50 }), sha256: fc.constantFrom('aa', 'bb') });
const marks = fc.record({ root: mark, timestamp: mark, snapshot: mark });
const roles = ['root', 'timestamp', 'snapshot'] as const;

describe('marks', () => {
  test('only go up, for every verified chain and every acceptance', () => {
    fc.assert(
      fc.property(fc.array(marks, { minLength: 1 }), (chain) => {
        let held: StoredMarks | undefined;
        for (const next of chain) {
          const after = raiseMarks(held, { marks: next, reset: false });
          for (const role of roles) {
            expect(after[role]?.version ?? 0).toBeGreaterThanOrEqual(held?.[role]?.version ?? 0);
            expect(after[role]?.version ?? 0).toBeGreaterThanOrEqual(next[role].version);
            // Of two files with one version, the first one stays.
            if (held?.[role]?.version === next[role].version) {
              expect(after[role]).toEqual(held[role]);
            }
          }
          held = after;
        }
      }),
    );
  });

  test('of timestamp and snapshot start anew when their keys were rotated, that of root does not', () => {
    fc.assert(
      fc.property(marks, marks, (held, next) => {
        const after = raiseMarks(held, { marks: next, reset: true });
        expect([after.timestamp, after.snapshot]).toEqual([next.timestamp, next.snapshot]);
        expect(after.root?.version).toBe(Math.max(held.root.version, next.root.version));
      }),
    );
  });

  test('of several policies: the highest beside the newest root; those beside an older one may be from before a rotation', () => {
    const at = (root: number, timestamp: number): StoredMarks => ({
      root: { version: root, sha256: 'aa' },
      timestamp: { version: timestamp, sha256: 'aa' },
    });
    expect(newestMarks([])).toBeUndefined();
    expect(newestMarks([at(2, 5), at(2, 9), at(2, 7)])).toEqual(at(2, 9));
    expect(newestMarks([at(1, 99), at(2, 3)])).toEqual(at(2, 3));
    expect(newestMarks([{ timestamp: { version: 4, sha256: 'aa' } }])).toEqual({
      timestamp: { version: 4, sha256: 'aa' },
    });
  });

  test('are taken from what was trusted only', () => {
    expect(verifiedMarksOf({ trusted: undefined, findings: [] })).toBeUndefined();
  });
});

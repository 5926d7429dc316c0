import { describe, expect, test } from 'vitest';
import {
  raiseMarks,
  type StoredMarks,
  type VerifiedMarks,
} from '../../src/controllers/app-history/high-water-marks.ts';
import { UnwrittenVerifications } from '../../src/controllers/bootstrapstate/unwritten-verifications.ts';

const app = { namespace: 'apps', name: 'app' };
const verifiedAt = new Date('2026-01-01T00:00:00Z');
const mark = (version: number) => ({ version, sha256: String(version).padStart(64, '0') });
const marks = (timestamp: number) => ({
  root: mark(1),
  timestamp: mark(timestamp),
  snapshot: mark(timestamp),
});
const heads = (timestamp: number, reset = false): VerifiedMarks => ({ marks: marks(timestamp), reset });

/** What the marks are after a write of all that is not written. */
function written(
  unwritten: UnwrittenVerifications,
  before: StoredMarks | undefined,
): StoredMarks | undefined {
  const found = unwritten.of(app, 'a', before);
  unwritten.forget(app);
  return found.heads === undefined ? before : raiseMarks(before, found.heads);
}

describe('what a verification found', () => {
  test('waits for a status, and is in it once', () => {
    const unwritten = new UnwrittenVerifications();
    unwritten.note(app, { heads: heads(5), verifiedAt, revision: 'a' }, marks(3));
    expect(unwritten.of(app, 'a', marks(3))).toEqual({ heads: heads(5), verifiedAt });
    expect(written(unwritten, marks(3))).toEqual(marks(5));
    expect(unwritten.of(app, 'a', marks(5))).toEqual({});
  });

  test('is not said to hold for policies that have changed since, but its marks stay', () => {
    const unwritten = new UnwrittenVerifications();
    unwritten.note(app, { heads: heads(5), verifiedAt, revision: 'a' }, marks(3));
    expect(unwritten.of(app, 'b', marks(3))).toEqual({ heads: heads(5), verifiedAt: undefined });
  });

  test('stays when the next one could not read the metadata', () => {
    const unwritten = new UnwrittenVerifications();
    unwritten.note(app, { heads: heads(5), verifiedAt, revision: 'a' }, marks(3));
    unwritten.note(app, { heads: undefined, verifiedAt: undefined, revision: 'a' }, marks(3));
    expect(written(unwritten, marks(3))).toEqual(marks(5));
  });

  test('of a rotation starts the marks anew, also when the one after it is written first', () => {
    const unwritten = new UnwrittenVerifications();
    unwritten.note(app, { heads: heads(1, true), verifiedAt, revision: 'a' }, marks(30));
    unwritten.note(app, { heads: heads(2), verifiedAt, revision: 'a' }, marks(30));
    expect(written(unwritten, marks(30))).toEqual(marks(2));
  });

  test('of a rotation takes nothing back that another controller has written since', () => {
    const unwritten = new UnwrittenVerifications();
    unwritten.note(app, { heads: heads(1, true), verifiedAt, revision: 'a' }, marks(30));
    expect(written(unwritten, marks(4))).toEqual(marks(4));
  });

  test('of an app says nothing of its namesake in another namespace', () => {
    const unwritten = new UnwrittenVerifications();
    unwritten.note(app, { heads: heads(5), verifiedAt, revision: 'a' }, undefined);
    expect(unwritten.of({ ...app, namespace: 'others' }, 'a', undefined)).toEqual({});
  });
});

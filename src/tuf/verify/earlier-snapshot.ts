import { hash } from 'node:crypto';
import { fileName } from '../metadata/file-names.ts';
import { LIMITS } from '../metadata/limits.ts';
import { parseSnapshot, type Snapshot } from '../metadata/snapshot.ts';
import { openPreviouslyVerified } from './trusted-file.ts';
import type { HighWaterMarks } from './verification.ts';
import type { VerificationContext } from './verification-context.ts';

/**
 * The snapshot that was verified before, for the check of every role's version (spec 5.5.5): the bytes that
 * the marks carry, or the bucket's own old file when its sha256 is the remembered one. That digest is what
 * makes an old file of the bucket trustworthy; it is the one read of history there is.
 */
export async function earlierSnapshot(
  run: VerificationContext,
  current: Snapshot,
  marks: HighWaterMarks,
): Promise<Snapshot | undefined> {
  const mark = marks.snapshot;
  if (marks.snapshotBytes !== undefined) {
    return openPreviouslyVerified(marks.snapshotBytes, 'snapshot', parseSnapshot);
  }
  if (mark?.sha256 === undefined || mark.version === current.envelope.version) {
    return undefined;
  }
  const name = fileName('snapshot', mark.version);
  const bytes = run.catalogue.objects.has(name) ? await read(run, name) : undefined;
  if (bytes !== undefined && hash('sha256', bytes) === mark.sha256) {
    return openPreviouslyVerified(bytes, 'snapshot', parseSnapshot);
  }
  run.findings.add('EarlierSnapshotUnavailable', {
    role: 'snapshot',
    version: mark.version,
    detail: `${name}, verified before, is ${bytes === undefined ? 'gone' : 'another file now'}`,
  });
  return undefined;
}

async function read(run: VerificationContext, name: string): Promise<Uint8Array | undefined> {
  try {
    return await run.get(name, LIMITS.fileBytes, 'SnapshotMissing');
  } catch (error) {
    // Throws what is no fault of the file.
    run.faultOf(error);
    return undefined;
  }
}

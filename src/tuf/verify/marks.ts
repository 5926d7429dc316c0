import { isSigned } from '../keys/threshold.ts';
import { signersOf } from '../metadata/root.ts';
import { wereRotated } from '../roots/key-rotation.ts';
import type { RootChain } from '../roots/root-chain.ts';
import { openPreviouslyVerified } from './trusted-file.ts';
import type { HighWaterMarks } from './verification.ts';
import type { VerificationContext } from './verification-context.ts';

/**
 * The high-water marks that bind this run. When the timestamp or snapshot keys were rotated since they were
 * taken, the marks of both are dropped (spec 5.3.11): otherwise a stolen key could raise the version to the
 * maximum and lock the repository out for good.
 */
export async function bindingMarks(run: VerificationContext, chain: RootChain): Promise<HighWaterMarks> {
  const marks = run.options.marks ?? {};
  if (marks.timestamp === undefined && marks.snapshot === undefined) {
    return marks;
  }
  const rotated: string[] = [];
  for (const role of ['timestamp', 'snapshot'] as const) {
    if (await wasRotated(run, chain, marks, role)) {
      rotated.push(role);
    }
  }
  if (rotated.length === 0) {
    return marks;
  }
  run.findings.add('MarksReset', {
    role: rotated[0] ?? 'timestamp',
    detail: `the keys of ${rotated.join(' and ')} were rotated; earlier timestamp and snapshot versions no longer bind`,
  });
  return marks.root === undefined ? {} : { root: marks.root };
}

/**
 * With a remembered root: whether the role's keys changed with any root since; back to the same keys is two
 * rotations, not none. Otherwise: whether the file trusted before is signed by the keys of some root of this
 * chain and no longer by those of the newest. Without evidence of a rotation the mark binds; an older bucket,
 * whose roots know nothing of newer keys, proves none.
 */
async function wasRotated(
  run: VerificationContext,
  chain: RootChain,
  marks: HighWaterMarks,
  role: 'timestamp' | 'snapshot',
): Promise<boolean> {
  const { head, trusted } = chain;
  const remembered = trusted.findIndex((root) => root.envelope.version === marks.root?.version);
  if (remembered >= 0) {
    const since = trusted.slice(remembered);
    return since.some((root, i) => wereRotated(run.ring, since[i - 1] ?? root, root, role));
  }
  const bytes = role === 'timestamp' ? marks.timestampBytes : marks.snapshotBytes;
  if (bytes === undefined) {
    return false;
  }
  const envelope = openPreviouslyVerified(bytes, role, (file) => file.envelope);
  if (await isSigned(envelope, signersOf(head, role), run.ring)) {
    return false;
  }
  for (const root of trusted) {
    if (await isSigned(envelope, signersOf(root, role), run.ring)) {
      return true;
    }
  }
  return false;
}

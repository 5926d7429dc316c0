import { quoted } from '../findings/text.ts';
import { isSigned, type Signers } from '../keys/threshold.ts';
import { type Envelope, openFile } from '../metadata/envelope.ts';
import { LIMITS } from '../metadata/limits.ts';
import type { Version } from '../metadata/version.ts';
import type { HigherVersion } from './strays.ts';
import { jsonPolicy, type VerificationContext } from './verification-context.ts';

/** Where the chain ends for one role, and who may sign it. */
export interface ChainHead {
  readonly role: string;
  readonly type: 'snapshot' | 'targets';
  readonly version: Version;
  /** One entry for each delegator. */
  readonly signers: readonly Signers[];
}

/**
 * Reports versions that lie above the chain's head. Clients never see them, but the server reads the highest
 * number it lists. For at most {@link LIMITS.orphanReads} of them that are small, the file is read to say
 * whether it verifies; nothing is ever derived from it.
 */
export async function reportHigherVersions(
  run: VerificationContext,
  heads: readonly ChainHead[],
  higher: ReadonlyMap<string, HigherVersion>,
): Promise<void> {
  let reads = 0;
  for (const head of heads) {
    const found = higher.get(head.role);
    if (found === undefined) {
      continue;
    }
    const { object, version } = found;
    const isLarge = (object.size ?? 0) > LIMITS.orphanBytes;
    if (!isLarge && reads < LIMITS.orphanReads) {
      reads++;
      await judge(run, head, found);
    } else {
      const why = isLarge
        ? `not read: it has ${object.size} bytes, at most ${LIMITS.orphanBytes} are read of a file that nothing links`
        : `not read: there are more than ${LIMITS.orphanReads} such files`;
      run.findings.add('UnverifiedVersionAboveHead', {
        role: head.role,
        version,
        detail: `${whereOf(head, found)}; ${why}`,
      });
    }
  }
}

function whereOf(head: ChainHead, { object, version }: HigherVersion): string {
  const name = quoted(object.name);
  return version > head.version
    ? `${name} lies above version ${head.version}, where the chain ends`
    : `${name} is read by the server instead of version ${head.version}, where the chain ends`;
}

async function judge(run: VerificationContext, head: ChainHead, found: HigherVersion): Promise<void> {
  const { role } = head;
  const { object, version } = found;
  const where = whereOf(head, found);
  try {
    const bytes = await run.get(object.name, LIMITS.orphanBytes, 'RoleMissing');
    const { envelope } = openFile(bytes, head.type, jsonPolicy(run.strict));
    const isValid = await isSignedForAll(run, envelope, head.signers);
    if (envelope.version !== version) {
      run.findings.add('RenamedVersionAboveHead', {
        role,
        version,
        detail: `${where}, but says version ${envelope.version}; its signatures are ${isValid ? 'valid' : 'not valid'}`,
      });
    } else if (isValid) {
      run.findings.add('VersionAboveHead', { role, version, detail: `${where}, and is validly signed` });
    } else {
      run.findings.add('UnverifiedVersionAboveHead', {
        role,
        version,
        detail: `${where}, and is not validly signed`,
      });
    }
  } catch (error) {
    const { message } = run.faultOf(error);
    run.findings.add('UnverifiedVersionAboveHead', { role, version, detail: `${where}: ${message}` });
  }
}

async function isSignedForAll(
  run: VerificationContext,
  envelope: Envelope,
  all: readonly Signers[],
): Promise<boolean> {
  for (const signers of all) {
    if (!(await isSigned(envelope, signers, run.ring))) {
      return false;
    }
  }
  return true;
}

import { MetadataFault } from '../findings/fault.ts';
import { isSigned, type Signers } from '../keys/threshold.ts';
import { openFile } from '../metadata/envelope.ts';
import { fileName } from '../metadata/file-names.ts';
import { LIMITS } from '../metadata/limits.ts';
import type { Version } from '../metadata/version.ts';
import { jsonPolicy, type Run } from './verification-run.ts';

/** Where the chain ends for one role, and who may sign it. */
export interface RoleHead {
  readonly role: string;
  readonly type: 'snapshot' | 'targets';
  readonly version: Version;
  /** One entry for each delegator. */
  readonly signers: readonly Signers[];
}

/**
 * Reports versions that lie above the chain's head. Clients never see them, but the server reads the highest
 * number it lists. For at most {@link LIMITS.orphanReads} of them, the highest of each role, the file is read to
 * say whether it verifies; nothing is ever derived from it.
 */
export async function reportOrphans(run: Run, heads: readonly RoleHead[]): Promise<void> {
  let reads = 0;
  for (const head of heads) {
    const highest = run.catalogue.highest.get(head.role);
    if (highest === undefined || highest <= head.version) {
      continue;
    }
    if (reads++ < LIMITS.orphanReads) {
      await judge(run, head, highest);
    } else {
      run.report.add('UnverifiedVersionAboveHead', {
        role: head.role,
        version: highest,
        detail: `${fileName(head.role, highest)} lies above version ${head.version}; not read, there are too many`,
      });
    }
  }
}

async function judge(run: Run, head: RoleHead, version: number): Promise<void> {
  const { role } = head;
  const where = `${fileName(role, version)} lies above version ${head.version}, where the chain ends`;
  try {
    const bytes = await run.get(fileName(role, version), LIMITS.fileBytes, 'RoleMissing');
    const { envelope } = openFile(bytes, head.type, jsonPolicy(run.strict));
    const met = await Promise.all(head.signers.map((signers) => isSigned(envelope, signers, run.ring)));
    const signed = met.every(Boolean);
    if (envelope.version !== version) {
      run.report.add('RenamedVersionAboveHead', {
        role,
        version,
        detail: `${where}, but says version ${envelope.version}; its signatures are ${signed ? 'valid' : 'not valid'}`,
      });
    } else if (signed) {
      run.report.add('VersionAboveHead', { role, version, detail: `${where}, and is validly signed` });
    } else {
      run.report.add('UnverifiedVersionAboveHead', {
        role,
        version,
        detail: `${where}, and is not validly signed`,
      });
    }
  } catch (error) {
    if (!(error instanceof MetadataFault)) {
      throw error;
    }
    run.report.add('UnverifiedVersionAboveHead', { role, version, detail: `${where}: ${error.message}` });
  }
}

/** Reports roles whose files lie in the bucket although nobody delegates to them. */
export function reportUndelegated(run: Run, known: ReadonlySet<string>): void {
  for (const [role, version] of run.catalogue.highest) {
    if (known.has(role)) {
      continue;
    }
    run.report.add('UndelegatedRole', {
      role,
      version,
      detail: `${fileName(role, version)} is the newest file of a role that nobody delegates to`,
    });
  }
}

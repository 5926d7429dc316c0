import { MetadataFault } from '../findings/fault.ts';
import type { FindingCode } from '../findings/findings.ts';
import { requireThreshold } from '../keys/threshold.ts';
import { fileName } from '../metadata/file-names.ts';
import { parseRoot, type Root, signersOf } from '../metadata/root.ts';
import type { VerificationContext } from '../verify/verification-context.ts';

/** A root file as it was read: its bytes, or why there are none. */
export type RootFile = Uint8Array | MetadataFault;

/**
 * Opens a root and checks that it is signed by the threshold of its own root keys and has the number of its
 * name.
 *
 * @param version the number in the name; absent for a root that was given as bytes
 * @param unsigned the finding when its own threshold is not met
 * @throws MetadataFault
 */
export async function openRoot(
  run: VerificationContext,
  file: RootFile,
  version: number | undefined,
  unsigned: FindingCode,
): Promise<Root> {
  if (file instanceof MetadataFault) {
    throw file;
  }
  const root = parseRoot(run.open({ bytes: file }, 'root', 'root'));
  if (version !== undefined && root.envelope.version !== version) {
    throw new MetadataFault(
      'RootVersionMismatch',
      `${fileName('root', version)} says version ${root.envelope.version}`,
    );
  }
  await requireThreshold(root.envelope, signersOf(root, 'root'), run.ring, unsigned);
  return root;
}

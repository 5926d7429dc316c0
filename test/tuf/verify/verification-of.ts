import { Listing } from '../../../src/storage/listing.ts';
import { catalogue } from '../../../src/tuf/metadata/catalogue.ts';
import type { VerifyOptions } from '../../../src/tuf/verify/verification.ts';
import { VerificationContext } from '../../../src/tuf/verify/verification-context.ts';
import { MemorySource } from '../generator/memory-source.ts';
import { sha256 } from '../generator/mutations/mutation.ts';
import { REFERENCE_TIME } from '../generator/repository.ts';

/** A verification of these files, pinned to root 1, before it has read anything. */
export async function verificationOf(
  files: ReadonlyMap<string, Buffer>,
  changes: Partial<VerifyOptions> = {},
  source = new MemorySource(files),
): Promise<VerificationContext> {
  return new VerificationContext(source, catalogue(await Listing.from(source.list())), {
    anchor: { kind: 'sha256', sha256: sha256(files.get('1.root.json') ?? Buffer.of()) },
    policy: { mode: 'recovery' },
    now: REFERENCE_TIME,
    ...changes,
  });
}

import { MetadataFault } from '../findings/fault.ts';
import { quoted } from '../findings/text.ts';
import { asObject, asShortString } from '../json/guards.ts';
import type { Envelope, OpenedFile } from './envelope.ts';
import { LIMITS } from './limits.ts';
import { type FileLink, parseLink } from './link.ts';

/** The body of snapshot metadata: role name (without `.json`) → its file (spec 4.4). */
export interface Snapshot {
  readonly envelope: Envelope;
  readonly roles: ReadonlyMap<string, FileLink>;
}

const SUFFIX = '.json';

/** @throws MetadataFault `InvalidMetadata`, `LimitExceeded` */
export function parseSnapshot(file: OpenedFile): Snapshot {
  const meta = asObject(file.member('meta'), 'signed.meta');
  const roles = new Map<string, FileLink>();
  const entries = Object.entries(meta);
  if (entries.length > LIMITS.roles + 1) {
    throw new MetadataFault('LimitExceeded', `signed.meta lists more than ${LIMITS.roles} roles`);
  }
  for (const [file, value] of entries) {
    asShortString(file, LIMITS.roleNameCharacters + SUFFIX.length, 'a name in signed.meta');
    const link = parseLink(value, `signed.meta[${quoted(file)}]`);
    // A name without the suffix can't be a metadata file's; it is checked for form and otherwise without
    // effect.
    if (file.endsWith(SUFFIX)) {
      roles.set(file.slice(0, -SUFFIX.length), link);
    }
  }
  return { envelope: file.envelope, roles };
}

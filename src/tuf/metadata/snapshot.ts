import { asObject } from '../json/guards.ts';
import type { Envelope, OpenedFile } from './envelope.ts';
import { type FileLink, parseLink } from './link.ts';

/** The body of snapshot metadata: role name (without `.json`) → its file (spec 4.4). */
export interface Snapshot {
  readonly envelope: Envelope;
  readonly roles: ReadonlyMap<string, FileLink>;
}

const SUFFIX = '.json';

/** @throws MetadataFault `InvalidMetadata` */
export function parseSnapshot(file: OpenedFile): Snapshot {
  const meta = asObject(file.member('meta'), 'signed.meta');
  const roles = new Map<string, FileLink>();
  for (const [file, value] of Object.entries(meta)) {
    const link = parseLink(value, `signed.meta[${JSON.stringify(file)}]`);
    // A name without the suffix can't be a metadata file's; it is checked for form and otherwise without effect.
    if (file.endsWith(SUFFIX)) {
      roles.set(file.slice(0, -SUFFIX.length), link);
    }
  }
  return { envelope: file.envelope, roles };
}

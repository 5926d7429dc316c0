import { MetadataFault } from '../findings/fault.ts';
import { asObject, ownMember } from '../json/guards.ts';
import type { Envelope, OpenedFile } from './envelope.ts';
import { type FileLink, parseLink } from './link.ts';

/** The body of timestamp metadata: the one snapshot it names (spec 4.6). */
export interface Timestamp {
  readonly envelope: Envelope;
  readonly snapshot: FileLink;
}

/** @throws MetadataFault `TimestampMetaInvalid`, `InvalidMetadata` */
export function parseTimestamp(file: OpenedFile): Timestamp {
  const meta = asObject(file.member('meta'), 'signed.meta');
  const entry = ownMember(meta, 'snapshot.json');
  if (entry === undefined || Object.keys(meta).length !== 1) {
    throw new MetadataFault('TimestampMetaInvalid', 'signed.meta must hold exactly snapshot.json');
  }
  return { envelope: file.envelope, snapshot: parseLink(entry, 'signed.meta["snapshot.json"]') };
}

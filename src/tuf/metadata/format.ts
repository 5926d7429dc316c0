import { collection, NO_SHAPE, type Shape, structure } from '../json/shape.ts';
import type { MetadataType } from './metadata-type.ts';

/** The members of metadata files, as the server's structures name them (spec 4.2–4.6, TAP 15). */

const KEY = structure({ keytype: NO_SHAPE, scheme: NO_SHAPE, keyval: structure({ public: NO_SHAPE }) });
const ROLE = structure({ keyids: NO_SHAPE, threshold: NO_SHAPE });
const LINK = structure({ version: NO_SHAPE, length: NO_SHAPE, hashes: NO_SHAPE });
const SIGNATURE = structure({ keyid: NO_SHAPE, sig: NO_SHAPE });

const DELEGATED_ROLE = structure({
  name: NO_SHAPE,
  keyids: NO_SHAPE,
  threshold: NO_SHAPE,
  terminating: NO_SHAPE,
  paths: NO_SHAPE,
  path_hash_prefixes: NO_SHAPE,
});

const DELEGATIONS = structure({
  keys: collection(KEY),
  roles: collection(DELEGATED_ROLE),
  succinct_roles: structure({
    keyids: NO_SHAPE,
    threshold: NO_SHAPE,
    bit_length: NO_SHAPE,
    name_prefix: NO_SHAPE,
  }),
});

const EVERY_TYPE = { _type: NO_SHAPE, spec_version: NO_SHAPE, version: NO_SHAPE, expires: NO_SHAPE };

const SIGNED: Readonly<Record<MetadataType, Shape>> = {
  root: structure({
    ...EVERY_TYPE,
    consistent_snapshot: NO_SHAPE,
    keys: collection(KEY),
    roles: collection(ROLE),
  }),
  timestamp: structure({ ...EVERY_TYPE, meta: collection(LINK) }),
  snapshot: structure({ ...EVERY_TYPE, meta: collection(LINK) }),
  // Artifacts are described to clients; nothing is read from them here.
  targets: structure({ ...EVERY_TYPE, targets: NO_SHAPE, delegations: DELEGATIONS }),
};

/** What a file of each type looks like. */
export const FORMATS: Readonly<Record<MetadataType, Shape>> = {
  root: file('root'),
  timestamp: file('timestamp'),
  snapshot: file('snapshot'),
  targets: file('targets'),
};

function file(type: MetadataType): Shape {
  return structure({ signed: SIGNED[type], signatures: collection(SIGNATURE) });
}

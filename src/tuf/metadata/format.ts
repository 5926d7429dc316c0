import { type JSONShape, listShape, NO_SHAPE, objectShape } from '../json/shape.ts';
import type { MetadataType } from './metadata-type.ts';

/** The members of metadata files, as the server's structures name them (spec 4.2–4.6, TAP 15). */

const KEY = objectShape({ keytype: NO_SHAPE, scheme: NO_SHAPE, keyval: objectShape({ public: NO_SHAPE }) });
const ROLE = objectShape({ keyids: NO_SHAPE, threshold: NO_SHAPE });
const LINK = objectShape({ version: NO_SHAPE, length: NO_SHAPE, hashes: NO_SHAPE });
const SIGNATURE = objectShape({ keyid: NO_SHAPE, sig: NO_SHAPE });

const DELEGATED_ROLE = objectShape({
  name: NO_SHAPE,
  keyids: NO_SHAPE,
  threshold: NO_SHAPE,
  terminating: NO_SHAPE,
  paths: NO_SHAPE,
  path_hash_prefixes: NO_SHAPE,
});

const DELEGATIONS = objectShape({
  keys: listShape(KEY),
  roles: listShape(DELEGATED_ROLE),
  succinct_roles: objectShape({
    keyids: NO_SHAPE,
    threshold: NO_SHAPE,
    bit_length: NO_SHAPE,
    name_prefix: NO_SHAPE,
  }),
});

const EVERY_TYPE = { _type: NO_SHAPE, spec_version: NO_SHAPE, version: NO_SHAPE, expires: NO_SHAPE };

const SIGNED: Readonly<Record<MetadataType, JSONShape>> = {
  root: objectShape({
    ...EVERY_TYPE,
    consistent_snapshot: NO_SHAPE,
    keys: listShape(KEY),
    roles: listShape(ROLE),
  }),
  timestamp: objectShape({ ...EVERY_TYPE, meta: listShape(LINK) }),
  snapshot: objectShape({ ...EVERY_TYPE, meta: listShape(LINK) }),
  // Artifacts are described to clients; nothing is read from them here.
  targets: objectShape({ ...EVERY_TYPE, targets: NO_SHAPE, delegations: DELEGATIONS }),
};

/** What a file of each type looks like. */
export const FORMATS: Readonly<Record<MetadataType, JSONShape>> = {
  root: file('root'),
  timestamp: file('timestamp'),
  snapshot: file('snapshot'),
  targets: file('targets'),
};

function file(type: MetadataType): JSONShape {
  return objectShape({ signed: SIGNED[type], signatures: listShape(SIGNATURE) });
}

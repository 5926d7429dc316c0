import { LEGACY_ROOT, legacyRootName } from '../../faynosync/layout.ts';
import type { MetadataSource } from '../../storage/source.ts';

/**
 * Shows a bucket in which the only root is called `root.json`, as the server's earliest versions wrote it, the way
 * every later version lays it out: as version 1. The server still reads it so.
 */
export function withLegacyRoot(source: MetadataSource): MetadataSource {
  let alias: string | undefined;
  return {
    location: source.location,
    async list(signal) {
      const listing = await source.list(signal);
      const renamed = legacyRootName(listing);
      alias = renamed;
      return renamed === undefined
        ? listing
        : listing.map((object) => (object.name === LEGACY_ROOT ? { ...object, name: renamed } : object));
    },
    get: (name, options) => source.get(name === alias ? LEGACY_ROOT : name, options),
  };
}

import { LEGACY_ROOT, legacyRootName } from '../../faynosync/layout.ts';
import { Listing } from '../../storage/listing.ts';
import type { ListedObject, MetadataSource } from '../../storage/source.ts';

/** Objects of one page of the renamed listing. */
const PAGE_OBJECTS = 1000;

/**
 * Shows a bucket in which the only root is called `root.json`, as the server's earliest versions wrote it,
 * the way every later version lays it out: as version 1. The server still reads it so.
 */
export function withLegacyRoot(source: MetadataSource): MetadataSource {
  let alias: string | undefined;
  return {
    location: source.location,
    async *list(signal) {
      // Whether `root.json` is the only root is known at the end of the listing only.
      const listing = await Listing.from(source.list(signal));
      alias = legacyRootName(listing);
      let page: ListedObject[] = [];
      for (const object of listing) {
        page.push(alias !== undefined && object.name === LEGACY_ROOT ? { ...object, name: alias } : object);
        if (page.length === PAGE_OBJECTS) {
          yield page;
          page = [];
        }
      }
      yield page;
    },
    get: (name, options) => source.get(name === alias ? LEGACY_ROOT : name, options),
  };
}

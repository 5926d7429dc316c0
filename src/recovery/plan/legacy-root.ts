import { isPersistedRoot, LEGACY_ROOT, MODERN_ROOT } from '../../faynosync/layout.ts';
import type { ListedObject, MetadataSource } from '../../storage/source.ts';

/**
 * Shows a bucket in which the only root is called `root.json`, as the server's earliest versions wrote it,
 * the way every later version lays it out: as version 1. The server still reads it so.
 */
export function withLegacyRootRenamed(source: MetadataSource): MetadataSource {
  let renamed = false;
  return {
    location: source.location,
    async *list(signal) {
      let legacy: ListedObject | undefined;
      let hasPersistedRoot = false;
      for await (const page of source.list(signal)) {
        const isLegacy = ({ name }: ListedObject): boolean => name === LEGACY_ROOT;
        legacy ??= page.find(isLegacy);
        hasPersistedRoot ||= page.some(({ name }) => isPersistedRoot(name));
        yield page.filter((object) => !isLegacy(object));
      }
      // Whether it is the only root is known at the end of the listing only.
      renamed = legacy !== undefined && !hasPersistedRoot;
      if (legacy !== undefined) {
        yield [renamed ? { ...legacy, name: MODERN_ROOT } : legacy];
      }
    },
    get: (name, options) => source.get(renamed && name === MODERN_ROOT ? LEGACY_ROOT : name, options),
  };
}

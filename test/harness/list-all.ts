import type { ListedObject, MetadataSource } from '../../src/storage/source.ts';

/** Every object of a source, its pages one after the other. */
export async function listAll(
  source: Pick<MetadataSource, 'list'>,
  signal?: AbortSignal,
): Promise<readonly ListedObject[]> {
  const objects: ListedObject[] = [];
  for await (const page of source.list(signal)) {
    objects.push(...page);
  }
  return objects;
}

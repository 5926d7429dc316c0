import type { Metafile } from 'esbuild';

/**
 * The outputs of a bundle that are loaded once the chunks of these sources are: themselves, and what they
 * import without waiting for its use.
 *
 * @throws Error when one of the sources has no chunk of its own
 */
export function loadedChunks({ outputs }: Metafile, ...sources: readonly string[]): readonly string[] {
  const open = sources.map((source) => {
    const chunk = Object.entries(outputs).find(([, { entryPoint }]) => entryPoint?.endsWith(source));
    if (chunk === undefined) {
      throw new Error(`${source} has no chunk of its own.`);
    }
    return chunk[0];
  });
  const found = new Set<string>();
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (!found.has(path)) {
      found.add(path);
      const imports = outputs[path]?.imports ?? [];
      open.push(
        ...imports
          .filter(({ kind, external }) => kind === 'import-statement' && external !== true)
          .map((each) => each.path),
      );
    }
  }
  return [...found];
}

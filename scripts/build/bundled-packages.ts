import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';
import { z } from 'zod';

/** A package of which the bundler read at least one file. */
export interface BundledPackage {
  /** Where it lies, relative to the root: `node_modules/…`. */
  readonly directory: string;
  readonly name: string;
  readonly version: string;
  /** As package.json writes it: an SPDX identifier or expression; undefined where it says nothing. */
  readonly licence: string | undefined;
  /** The lockfile's Subresource Integrity value, `sha512-…`. */
  readonly integrity: string | undefined;
  /** Directories of the bundled packages that files of this one import. */
  readonly imports: readonly string[];
}

const lockfile = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      license: z.string().optional(),
      integrity: z.string().optional(),
    }),
  ),
});

/**
 * What the bundler says went into the bundle, held against the lockfile.
 *
 * @returns sorted by directory
 * @throws Error for a package that the lockfile does not know
 */
export async function bundledPackages(root: string, metafile: Metafile): Promise<readonly BundledPackage[]> {
  const { packages: locked } = lockfile.parse(
    JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')),
  );
  const imports = new Map<string, Set<string>>();
  for (const [path, input] of Object.entries(metafile.inputs)) {
    const from = packageOf(path);
    if (from === undefined) {
      continue;
    }
    const to = input.imports.flatMap((each) => packageOf(each.path) ?? []).filter((each) => each !== from);
    imports.set(from, new Set([...(imports.get(from) ?? []), ...to]));
  }
  return [...imports]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([directory, to]) => {
      const { version, license, integrity } = locked[directory] ?? {};
      if (version === undefined) {
        throw new Error(`package-lock.json doesn't know ${directory}, which is bundled: run npm ci.`);
      }
      const name = directory.replace(/^.*node_modules\//, '');
      return { directory, name, version, licence: license, integrity, imports: [...to].sort() };
    });
}

/** The directories of the packages that the program's own files import. */
export function directImports(metafile: Metafile): readonly string[] {
  const own = Object.entries(metafile.inputs).filter(([path]) => packageOf(path) === undefined);
  return [
    ...new Set(own.flatMap(([, { imports }]) => imports.flatMap(({ path }) => packageOf(path) ?? []))),
  ].sort();
}

function packageOf(path: string): string | undefined {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0];
}

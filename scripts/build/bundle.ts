import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Metafile } from 'esbuild';
import { httpBuiltins } from './http-builtins.ts';
import { kubernetesClient } from './kubernetes-client.ts';
import { undiciPools } from './undici-pools.ts';

/** The repository's root, which a bundle's paths are relative to. */
export const root: string = fileURLToPath(new URL('../..', import.meta.url));

/**
 * How every program is bundled, with everything it needs from node_modules.
 *
 * @param requireFrom an expression: CommonJS packages inside an ESM bundle ask for `require`, which ESM has
 *   not, and this says from where it is looked for
 */
export function programOptions(requireFrom: string) {
  return {
    absWorkingDir: root,
    bundle: true,
    // The paths of packages are part of the output: the same under a linked node_modules, so that the bundle
    // is, too.
    preserveSymlinks: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    banner: {
      js: [
        "import { createRequire as createRequireForBundle } from 'node:module';",
        `const require = createRequireForBundle(${requireFrom});`,
      ].join('\n'),
    },
    // Without comments, where packages have characters outside ASCII: one of them, and V8 keeps the source of
    // the whole file with two bytes a character. Names stay, and lines short enough for stack traces.
    minifyWhitespace: true,
    lineLimit: 160,
    legalComments: 'none',
    plugins: [kubernetesClient, httpBuiltins, undiciPools],
    metafile: true,
    logLevel: 'warning',
  } as const satisfies BuildOptions;
}

/**
 * Bundles programs, each with everything it needs from node_modules, and beside them the thread that verifies
 * large repositories, under the name that src/tuf/offload/worker-url.ts looks for.
 *
 * @param entryPoints name of the output → source, relative to the root
 * @returns what went into which output
 */
export async function bundle(
  entryPoints: Readonly<Record<string, string>>,
  outdir: string,
): Promise<Metafile> {
  const { metafile } = await build({
    ...programOptions('import.meta.url'),
    entryPoints: { ...entryPoints, 'verify.worker': join('src', 'tuf', 'verify', 'verify.worker.ts') },
    outdir,
    splitting: true,
    chunkNames: 'chunk-[hash]',
    sourcemap: false,
  });
  return metafile;
}

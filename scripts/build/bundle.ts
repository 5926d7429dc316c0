import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile } from 'esbuild';
import { httpBuiltins } from './http-builtins.ts';
import { kubernetesClient } from './kubernetes-client.ts';

/** The repository's root, which a bundle's paths are relative to. */
export const root: string = fileURLToPath(new URL('../..', import.meta.url));

/** CommonJS packages inside an ESM bundle ask for `require`, which ESM has not. */
const banner = [
  "import { createRequire as createRequireForBundle } from 'node:module';",
  'const require = createRequireForBundle(import.meta.url);',
].join('\n');

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
    absWorkingDir: root,
    entryPoints: { ...entryPoints, 'verify.worker': join('src', 'tuf', 'verify', 'verify.worker.ts') },
    outdir,
    bundle: true,
    // The paths of packages are part of the output: the same under a linked node_modules, so that the bundle
    // is, too.
    preserveSymlinks: true,
    splitting: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    chunkNames: 'chunk-[hash]',
    banner: { js: banner },
    // Without comments, where packages have characters outside ASCII: one of them, and V8 keeps the source of
    // the whole file with two bytes a character. Names stay, and lines short enough for stack traces.
    minifyWhitespace: true,
    lineLimit: 160,
    legalComments: 'none',
    sourcemap: false,
    plugins: [kubernetesClient, httpBuiltins],
    metafile: true,
    logLevel: 'warning',
  });
  return metafile;
}

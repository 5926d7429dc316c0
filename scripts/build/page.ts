import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { root } from './bundle.ts';

const source = join('src', 'dashboard', 'page');

/**
 * Builds the page of the dashboard: one script, one style sheet, and the files that are served as they are.
 *
 * @returns what went into the script
 */
export async function buildPage(outdir: string): Promise<Metafile> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [join(source, 'main.tsx'), join(source, 'main.css')],
    outdir,
    bundle: true,
    minify: true,
    preserveSymlinks: true,
    platform: 'browser',
    // light-dark() in CSS is the newest thing that is used.
    target: ['chrome123', 'firefox120', 'safari17.5'],
    format: 'esm',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  });
  for (const name of ['index.html', 'icon.svg']) {
    await cp(join(root, source, name), join(outdir, name));
  }
  return metafile;
}

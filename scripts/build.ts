/**
 * `npm run build [-- DIRECTORY]`: bundles the program and everything it needs from node_modules into dist/, so that an image or an
 * archive needs Node.js and dist/ and nothing else.
 *
 *   dist/tuf-recovery.js   the program, ESM; its commands are chunks beside it, loaded when they run
 *   dist/verify.worker.js  the thread that verifies large repositories
 *   dist/scripts/*.lua     what Redis runs, read at start
 */
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import type { Metafile } from 'esbuild';
import { bundle, root } from './build/bundle.ts';

const dist = resolve(root, process.argv[2] ?? 'dist');

await rm(dist, { recursive: true, force: true });
const metafile = await bundle({ 'tuf-recovery': 'src/cli/main.ts' }, dist);
// Code that reads a file beside itself finds it beside its chunk.
await cp(join(root, 'src/redis/scripts'), join(dist, 'scripts'), { recursive: true });
await writeFile(join(dist, 'package.json'), `${JSON.stringify({ type: 'module', private: true })}\n`);
await writeFile(join(dist, 'LICENSES.md'), await licences(metafile));

const bytes = Object.values(metafile.outputs).reduce((sum, output) => sum + output.bytes, 0);
console.log(`built ${dist}: ${Object.keys(metafile.outputs).length} files, ${(bytes / 1e6).toFixed(1)} MB`);

/** The licence texts of every bundled package: bundling them is distributing them. */
async function licences({ inputs }: Metafile): Promise<string> {
  const packages = new Set<string>();
  for (const input of Object.keys(inputs)) {
    const found = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
    if (found !== undefined) {
      packages.add(found);
    }
  }
  const texts: string[] = [];
  for (const directory of [...packages].sort()) {
    const files = await readdir(join(root, directory));
    const name = files.find((file) => /^(licen[cs]e|copying)/i.test(file));
    const { version, license } = await readPackage(directory);
    const text = name === undefined ? `Licence: ${license}` : await readText(join(directory, name));
    texts.push(`## ${relative('node_modules', directory)} ${version}\n\n${text.trim()}\n`);
  }
  return `# Licences of the packages in this bundle\n\n${texts.join('\n')}`;
}

async function readPackage(directory: string): Promise<{ version: string; license: string }> {
  return JSON.parse(await readText(join(directory, 'package.json')));
}

async function readText(path: string): Promise<string> {
  return await readFile(join(root, path), 'utf8');
}

/**
 * `npm run build [-- DIRECTORY]`: bundles the program and everything it needs from node_modules into dist/,
 * so that an image or an archive needs Node.js and dist/ and nothing else.
 *
 *   dist/tuf-recovery.js   the program, ESM; its commands are chunks beside it, loaded when they run
 *   dist/verify.worker.js  the thread that verifies large repositories
 *   dist/scripts/*.lua     what Redis runs, read at start
 *   dist/dashboard/        the page of `kubectl tuf-recovery dashboard`
 *   dist/sbom.cdx.json     every package in the bundle, CycloneDX
 *   dist/LICENSES.md       their licences
 */
import { cp, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import packageJSON from '../package.json' with { type: 'json' };
import { bundle, root } from './build/bundle.ts';
import { bundledPackages, directImports } from './build/bundled-packages.ts';
import { licences } from './build/licences.ts';
import { buildPage } from './build/page.ts';
import { sbomOfBundle } from './build/sbom.ts';

const dist = resolve(root, process.argv[2] ?? 'dist');

await rm(dist, { recursive: true, force: true });
const program = await bundle({ 'tuf-recovery': 'src/cli/main.ts' }, dist);
const page = await buildPage(join(dist, 'dashboard'));
const metafile = {
  inputs: { ...program.inputs, ...page.inputs },
  outputs: { ...program.outputs, ...page.outputs },
};
const packages = await bundledPackages(root, metafile);
const sbom = sbomOfBundle(packageJSON, packages, directImports(metafile));
// Code that reads a file beside itself finds it beside its chunk.
await cp(join(root, 'src/redis/scripts'), join(dist, 'scripts'), { recursive: true });
await writeFile(join(dist, 'package.json'), `${JSON.stringify({ type: 'module', private: true })}\n`);
await writeFile(join(dist, 'LICENSES.md'), await licences(root, packages));
await writeFile(join(dist, 'sbom.cdx.json'), `${JSON.stringify(sbom, null, 1)}\n`);

const bytes = Object.values(metafile.outputs).reduce((sum, output) => sum + output.bytes, 0);
console.log(
  `built ${dist}: ${Object.keys(metafile.outputs).length} files, ${(bytes / 1e6).toFixed(1)} MB, ${packages.length} packages`,
);

/**
 * `npm run build:plugin [-- DIRECTORY]`: the program as one file, for those who want neither a clone nor an
 * image, and what kubectl's plugin manager needs; into out/ by default.
 *
 *   tuf-recovery.mjs              the program: Node.js 24 and nothing else
 *   kubectl-tuf_recovery.tar.gz   the same with its licences, which krew installs
 *   tuf-recovery.yaml             krew's manifest, with the digest of the archive
 */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import packageJSON from '../package.json' with { type: 'json' };
import { root } from './build/bundle.ts';
import { bundledPackages } from './build/bundled-packages.ts';
import { licences } from './build/licences.ts';
import { krewManifest, packPlugin, pluginArchive } from './build/plugin-archive.ts';
import { singleFile } from './build/single-file.ts';

const { version, name } = packageJSON;
const out = resolve(root, process.argv[2] ?? 'out');
await mkdir(out, { recursive: true });
const { text, metafile } = await singleFile();
const archive = await packPlugin(text, await licences(root, await bundledPackages(root, metafile)));
const uri = `https://github.com/${name}/${name}/releases/download/v${version}/${pluginArchive}`;
await writeFile(join(out, 'tuf-recovery.mjs'), text);
await chmod(join(out, 'tuf-recovery.mjs'), 0o755);
await writeFile(join(out, pluginArchive), archive);
await writeFile(join(out, 'tuf-recovery.yaml'), krewManifest(version, uri, archive));
console.log(
  `built ${out}: tuf-recovery.mjs, ${pluginArchive}, tuf-recovery.yaml, ${(text.length / 1e6).toFixed(1)} MB`,
);

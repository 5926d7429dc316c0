import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TerminalError } from '../errors.ts';
import { encodeSegment } from '../storage/file-encoding.ts';
import { HttpSource } from '../storage/http.ts';
import { fetchTarget, targetMatches } from '../tuf/client/target-file.ts';
import type { TrustStore } from '../tuf/client/trust-store.ts';
import { Updater } from '../tuf/client/updater.ts';
import type { ConformanceFlags } from './conformance.ts';
import type { CommandContext } from './context.ts';

/** `init`: trusts the given root as it is; no request is made and nothing is checked yet. */
export async function initialise({ metadataDir }: ConformanceFlags, trustedRoot: string): Promise<void> {
  await new DirectoryStore(metadataDir).write('root', await readFile(trustedRoot));
}

/** `refresh` */
export async function refresh(flags: ConformanceFlags, context: CommandContext): Promise<void> {
  await openUpdater(flags, context).refresh();
}

/** `download`: all artifacts with one client, in order, up to the first that fails. */
export async function download(flags: ConformanceFlags, context: CommandContext): Promise<void> {
  const { targetName = [], targetBaseUrl, targetDir } = flags;
  const directory = required(targetDir, '--target-dir');
  const targets = new HttpSource(required(targetBaseUrl, '--target-base-url'), { encoding: 'path' });
  const updater = openUpdater(flags, context);
  for (const name of targetName) {
    const target = await updater.find(name);
    if (target === undefined)
      throw new TerminalError('NotFound', `No role of the repository vouches for ${name}; check the name.`);
    const file = join(directory, encodeSegment(name));
    const stored = await readIfThere(file);
    if (stored !== undefined && targetMatches(target, stored)) continue;
    await writeAtomically(file, await fetchTarget(targets, target, await updater.consistentSnapshot()));
  }
}

function openUpdater(flags: ConformanceFlags, { signal }: CommandContext): Updater {
  return new Updater({
    metadata: new HttpSource(required(flags.metadataUrl, '--metadata-url')),
    store: new DirectoryStore(flags.metadataDir),
    now: new Date(),
    signal,
  });
}

function required(value: string | undefined, flag: string): string {
  if (value === undefined) throw new TerminalError('InvalidInput', `${flag} is missing.`);
  return value;
}

/** Trusted metadata in a directory, as the suite reads it: `root.json`, with unusual role names percent-encoded. */
class DirectoryStore implements TrustStore {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  read(role: string): Promise<Uint8Array | undefined> {
    return readIfThere(this.#path(role));
  }

  write(role: string, bytes: Uint8Array): Promise<void> {
    return writeAtomically(this.#path(role), bytes);
  }

  async remove(role: string): Promise<void> {
    await rm(this.#path(role), { force: true });
  }

  #path(role: string): string {
    return join(this.#directory, `${encodeSegment(role)}.json`);
  }
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Through a neighbouring file: a reader sees the old bytes or the new ones. */
async function writeAtomically(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, bytes);
  await rename(temporary, path);
}

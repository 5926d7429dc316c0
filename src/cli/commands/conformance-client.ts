import { readFile } from 'node:fs/promises';
import { TerminalError } from '../../errors.ts';
import { HTTPSource } from '../../storage/http.ts';
import { fetchTarget, targetMatches } from '../../tuf/client/target-file.ts';
import { Updater } from '../../tuf/client/updater.ts';
import type { CommandContext } from '../context.ts';
import type { ConformanceFlags } from '../options/conformance-flags.ts';
import { explainFileErrors } from '../output/file-errors.ts';
import { ClientDirectory } from './client-directory.ts';

/** `init`: trusts the given root as it is; no request is made and nothing is checked yet. */
export async function initialise({ metadataDir }: ConformanceFlags, trustedRoot: string): Promise<void> {
  const root = await explainFileErrors(trustedRoot, 'read', () => readFile(trustedRoot));
  await metadataStore(metadataDir).write('root', root);
}

/** `refresh` */
export async function refresh(flags: ConformanceFlags, context: CommandContext): Promise<void> {
  await openUpdater(flags, context).refresh();
}

/** `download`: all artifacts with one client, in order, up to the first that fails. */
export async function download(flags: ConformanceFlags, context: CommandContext): Promise<void> {
  const { signal } = context;
  const names = required(flags.targetName, '--target-name');
  const artifacts = new ClientDirectory(required(flags.targetDir, '--target-dir'));
  const source = new HTTPSource(required(flags.targetBaseUrl, '--target-base-url'), { encoding: 'path' });
  const updater = openUpdater(flags, context);
  for (const name of names) {
    const target = await updater.find(name);
    if (target === undefined) {
      throw new TerminalError('NotFound', `No role of the repository vouches for ${name}. Check the name.`);
    }
    const stored = await artifacts.read(name);
    if (stored !== undefined && targetMatches(target, stored)) {
      continue;
    }
    const consistentSnapshot = await updater.consistentSnapshot();
    await artifacts.write(name, await fetchTarget(source, target, { consistentSnapshot, signal }));
  }
}

function openUpdater(flags: ConformanceFlags, { signal }: CommandContext): Updater {
  return new Updater({
    metadata: new HTTPSource(required(flags.metadataUrl, '--metadata-url')),
    store: metadataStore(flags.metadataDir),
    now: new Date(),
    signal,
  });
}

/** As the suite reads it: `root.json`. */
function metadataStore(directory: string): ClientDirectory {
  return new ClientDirectory(directory, '.json');
}

function required<T>(value: T | undefined, flag: string): T {
  if (value === undefined) {
    throw new TerminalError(
      'InvalidInput',
      `${flag} is missing. Run with --help to see what each command needs.`,
    );
  }
  return value;
}

import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { TerminalError } from '../../errors.ts';
import type { HighWaterMarks, Mark } from '../../tuf/verify/verification.ts';
import { readInputFile } from './input-file.ts';

type Marked = 'root' | 'timestamp' | 'snapshot';

/**
 * Reads what was trusted before from a folder as a client keeps it: `timestamp.json`, `snapshot.json` and,
 * when there, `root.json`. The person vouches for these files, so their signatures are not asked for.
 *
 * @throws {TerminalError} `InvalidInput` when the folder can't be read, holds none of them, or one that isn't
 *   what its name says
 */
export async function readMarks(directory: string): Promise<HighWaterMarks> {
  const names = await namesIn(directory);
  const read = async (role: Marked): Promise<{ mark: Mark; bytes: Uint8Array } | undefined> => {
    const name = `${role}.json`;
    if (!names.includes(name)) {
      return undefined;
    }
    const path = join(directory, name);
    const bytes = await readInputFile(path, '--trusted-dir');
    return { mark: markOf(bytes, role, path), bytes };
  };
  const [root, timestamp, snapshot] = await Promise.all([read('root'), read('timestamp'), read('snapshot')]);
  if (root === undefined && timestamp === undefined && snapshot === undefined) {
    throw new TerminalError(
      'InvalidInput',
      `--trusted-dir: ${directory} holds neither timestamp.json nor snapshot.json. Name the folder with the metadata trusted before.`,
    );
  }
  return {
    ...(root === undefined ? {} : { root: root.mark }),
    ...(timestamp === undefined ? {} : { timestamp: timestamp.mark, timestampBytes: timestamp.bytes }),
    ...(snapshot === undefined ? {} : { snapshot: snapshot.mark, snapshotBytes: snapshot.bytes }),
  };
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    throw new TerminalError('InvalidInput', `--trusted-dir: ${directory} can't be read. Check the path.`, {
      cause: error,
    });
  }
}

function markOf(bytes: Uint8Array, role: Marked, path: string): Mark {
  const { type, version } = head(bytes);
  // Beyond 2^53 a number is not exact, and an inexact mark could let a rollback pass.
  if (type === role && typeof version === 'number' && Number.isSafeInteger(version) && version >= 1) {
    return { version, sha256: createHash('sha256').update(bytes).digest('hex') };
  }
  throw new TerminalError(
    'InvalidInput',
    `--trusted-dir: ${path} is no ${role} metadata. Name the folder with the metadata trusted before.`,
  );
}

/** Type and version as a file claims them; both undefined when it is no metadata at all. */
function head(bytes: Uint8Array): { readonly type?: unknown; readonly version?: unknown } {
  try {
    const { signed } = JSON.parse(Buffer.from(bytes).toString('utf8'));
    return { type: signed._type, version: signed.version };
  } catch {
    // Not JSON, or no metadata: the caller says so, and names the file.
    return {};
  }
}

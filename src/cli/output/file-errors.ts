import { getSystemErrorMessage } from 'node:util';
import { TerminalError } from '../../errors.ts';

const DENIED: ReadonlySet<unknown> = new Set(['EACCES', 'EPERM', 'EROFS']);

/**
 * Runs an operation on a file that the person named and turns the file system's errors into words.
 *
 * @param path the file or directory, for the message
 * @throws {TerminalError} `NotFound`, `AccessDenied`, or `InvalidSource` for every other error of the file
 *   system
 */
export async function explainFileErrors<T>(
  path: string,
  what: 'read' | 'written' | 'created' | 'removed',
  operation: () => Promise<T>,
): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && 'errno' in error && typeof error.errno === 'number')) {
      throw error;
    }
    const reason = `${path} can't be ${what}: ${getSystemErrorMessage(error.errno)}.`;
    const cause = { cause: error };
    if (error.code === 'ENOENT') {
      throw new TerminalError('NotFound', `${reason} Check the path.`, cause);
    }
    if (DENIED.has(error.code)) {
      throw new TerminalError('AccessDenied', `${reason} Check its owner and permissions.`, cause);
    }
    throw new TerminalError('InvalidSource', `${reason} Check the path and the disk.`, cause);
  }
}

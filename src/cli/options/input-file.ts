import { readFile } from 'node:fs/promises';
import { TerminalError } from '../../errors.ts';

/**
 * Reads a file that a flag or variable names.
 *
 * @param origin the flag or variable, for the message
 * @throws {TerminalError} `InvalidInput`
 */
export async function readInputFile(path: string, origin: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new TerminalError('InvalidInput', `${origin}: ${path} can't be read (${why}). Check the path.`, {
      cause: error,
    });
  }
}

/** The same for a PEM text. */
export async function readInputText(path: string, origin: string): Promise<string> {
  return Buffer.from(await readInputFile(path, origin)).toString('utf8');
}

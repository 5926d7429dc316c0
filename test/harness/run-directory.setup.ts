import { temporaryDirectory } from './temporary-directory.ts';

/**
 * Vitest's global set-up: gives the run a folder of its own for temporary files and removes it at the end,
 * with what workers leave behind that were ended before they could tidy up.
 */
export async function setup(): Promise<() => Promise<void>> {
  const directory = await temporaryDirectory('run');
  // Workers inherit the environment, and with it the answer of os.tmpdir().
  process.env['TMPDIR'] = directory.path;
  return async () => {
    await directory[Symbol.asyncDispose]();
  };
}

import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** What opens a file with the program the person has chosen for its kind, by platform. */
const openers: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  darwin: 'open',
  win32: 'explorer.exe',
};

/**
 * Opens the address in the person's browser. Other users of a machine can read the arguments of every
 * process, so the browser is handed a file that only this user can read, and that leads to the address. Where
 * there is no browser, nothing happens: the address was printed.
 *
 * @returns what removes that file
 */
export async function openBrowser(address: string, platform: NodeJS.Platform): Promise<AsyncDisposable> {
  const directory = await mkdtemp(join(tmpdir(), 'tuf-recovery-dashboard-'));
  const file = join(directory, 'open.html');
  await writeFile(file, `<!doctype html><meta http-equiv="refresh" content="0; url=${address}">\n`, {
    mode: 0o600,
  });
  const child = spawn(openers[platform] ?? 'xdg-open', [pathToFileURL(file).href], {
    detached: true,
    stdio: 'ignore',
  });
  child.once('error', () => undefined);
  child.unref();
  return { [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) };
}

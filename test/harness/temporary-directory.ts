import { rmSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory that is removed when it is disposed of, or at the latest when this process exits. */
export interface TemporaryDirectory extends AsyncDisposable {
  readonly path: string;
}

/** Creates an empty directory of its own under the system's folder for temporary files. */
export async function temporaryDirectory(name: string): Promise<TemporaryDirectory> {
  const path = await realpath(await mkdtemp(join(tmpdir(), `tuf-recovery-${name}-`)));
  const removeNow = (): void => rmSync(path, { recursive: true, force: true });
  // One listener per live directory is intended, not a leak.
  process.setMaxListeners(0);
  process.once('exit', removeNow);
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      process.off('exit', removeNow);
      await rm(path, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

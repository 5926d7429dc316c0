import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { embeddedFiles } from '../../embedded-files.ts';

/**
 * Where the verifier's worker lies, seen from the module that starts it: beside it, with the same extension.
 * In the sources that is `verify.worker.ts`; a bundler that writes `main.mjs` puts `verify.worker.mjs` next
 * to it. Undefined when there is none: the caller then verifies on its own thread, more slowly but with the
 * same result.
 *
 * @param self `import.meta.url` of the starting module
 */
export function workerURL(self: string): URL | undefined {
  const embedded = embeddedFiles.get('verify.worker.js');
  if (embedded !== undefined) {
    return new URL(`data:text/javascript;base64,${Buffer.from(embedded).toString('base64')}`);
  }
  const extension = /\.[cm]?[jt]s$/.exec(new URL(self).pathname)?.[0] ?? '.js';
  const url = new URL(`./verify.worker${extension}`, self);
  return existsSync(fileURLToPath(url)) ? url : undefined;
}

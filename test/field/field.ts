import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../harness/free-port.ts';
import { type RunningProcess, startProcess } from '../harness/process.ts';

const FIELD = fileURLToPath(new URL('../../../shared/data/field/', import.meta.url));

/**
 * A path in the inputs that users of neighbouring projects fell over, which lie beside the repository.
 *
 * @throws Error when it is not there: a test that can't see its input must not pass
 */
export function fieldInput(...path: readonly string[]): string {
  const found = join(FIELD, ...path);
  if (!existsSync(found)) {
    throw new Error(`The input ${path.join('/')} is missing: expected it at ${found}.`);
  }
  return found;
}

/** The scripted S3 server of input 17 over a directory of metadata, which it serves as bucket `updates`. */
export async function startScriptedS3(
  mode: string,
  directory: string,
  prefix: string,
): Promise<{ readonly endpoint: string; readonly process: RunningProcess }> {
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const process_ = await startProcess({
    name: `s3-${mode}`,
    command: process.execPath,
    args: [fieldInput('17', 'fakes3.mjs'), directory, mode, String(port)],
    env: { PREFIX: prefix },
    ready: () => answers(endpoint),
  });
  return { endpoint, process: process_ };
}

/** Whether something speaks HTTP there. */
export async function answers(url: string): Promise<boolean> {
  const response = await fetch(url, { redirect: 'manual' });
  await response.body?.cancel();
  return true;
}

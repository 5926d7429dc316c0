import { TransientError } from '../../errors.ts';
import type { App } from '../../faynosync/app.ts';
import { isValidApp } from '../../faynosync/app.ts';
import type { S3Bucket } from '../../storage/s3/s3-bucket.ts';
import { listPages } from '../../storage/s3/s3-pages.ts';

/**
 * Apps of one bucket; beyond it the listing is refused, because it would take the memory of the controller.
 */
const maxApps = 50_000;

/**
 * Every folder `<prefix>/<admin>/<app>/`, by name: one request for all admins and one for each, 1,000 names a
 * page. Nothing is read and nothing verified. Folders whose names can't be an app of the server are left out.
 *
 * @throws TransientError or TerminalError of the storage taxonomy
 */
export async function listApps(
  bucket: S3Bucket,
  prefix: string,
  signal: AbortSignal,
): Promise<readonly App[]> {
  const found: App[] = [];
  for await (const adminName of folders(bucket, `${prefix}/`, signal)) {
    if (adminName === '.' || adminName === '..') {
      continue;
    }
    for await (const appName of folders(bucket, `${prefix}/${adminName}/`, signal)) {
      const app = { adminName, appName };
      if (isValidApp(app)) {
        found.push(app);
      }
      if (found.length > maxApps) {
        throw new TransientError(
          'Throttled',
          `s3://${bucket.name}/${prefix}/ holds more than ${maxApps} apps.`,
        );
      }
    }
  }
  return found;
}

async function* folders(bucket: S3Bucket, prefix: string, signal: AbortSignal): AsyncGenerator<string> {
  for await (const page of listPages(bucket, prefix, '/', signal)) {
    yield* page.folders;
  }
}

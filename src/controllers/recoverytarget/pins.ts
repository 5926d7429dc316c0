import { createHash } from 'node:crypto';
import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import { RecoveryError } from '../../errors.ts';
import { describeApp } from '../../faynosync/app.ts';
import type { S3Bucket } from '../../storage/s3/s3-bucket.ts';
import type { FoundApp } from './discover.ts';

/** Versions of root read for one pin, the oldest first: people pin the first one. */
const maxRoots = 16;
/** Apps searched for a pin that is for all of them. */
const maxApps = 8;
/** A root is at most this large, as the verifier sees it. */
const maxRootBytes = 512_000;

/**
 * Pins that were found in a bucket: a root never changes, so each is looked for until it is found and then no
 * more.
 */
export type FoundPins = Set<string>;

/**
 * An app of which no listed root has the pinned digest, in words; undefined when every pin is there or
 * nothing can be said. A run would fail for it, at the worst moment.
 */
export async function missingPin(
  bucket: S3Bucket,
  { storage, trust }: RecoveryTarget['spec'],
  apps: readonly FoundApp[],
  found: FoundPins,
  signal: AbortSignal,
): Promise<string | undefined> {
  const listed = apps.filter(({ rootVersion }) => rootVersion !== undefined);
  const own = (trust.apps ?? []).flatMap(({ adminName, appName, rootSHA256 }) => {
    const app = listed.find((each) => each.adminName === adminName && each.appName === appName);
    return app === undefined || rootSHA256 === undefined ? [] : [{ sha256: rootSHA256, apps: [app] }];
  });
  const others = listed.filter(
    (app) =>
      !trust.apps?.some(({ adminName, appName }) => adminName === app.adminName && appName === app.appName),
  );
  const general =
    trust.rootSHA256 === undefined || others.length === 0 || others.length > maxApps
      ? []
      : [{ sha256: trust.rootSHA256, apps: others }];
  for (const pin of [...own, ...general]) {
    const name = JSON.stringify([bucket.name, storage.prefix, pin.sha256]);
    if (found.has(name)) {
      continue;
    }
    if (!(await isInBucket(bucket, storage.prefix, pin, signal))) {
      const [first] = pin.apps;
      const where = pin.apps.length === 1 && first !== undefined ? describeApp(first) : 'any app';
      return `No root of ${where} in the bucket has the pinned sha256 ${pin.sha256}, so no run can trust it. Correct spec.trust: sha256sum of the exact bytes of a trusted N.root.json.`;
    }
    found.add(name);
  }
  return undefined;
}

async function isInBucket(
  bucket: S3Bucket,
  prefix: string,
  { sha256, apps }: { readonly sha256: string; readonly apps: readonly FoundApp[] },
  signal: AbortSignal,
): Promise<boolean> {
  for (const { adminName, appName, rootVersion = 0 } of apps) {
    const source = bucket.source(`${prefix}/${adminName}/${appName}/`);
    for (let version = 1; version <= Math.min(rootVersion, maxRoots); version += 1) {
      const bytes = await source
        .get(`${version}.root.json`, { maxBytes: maxRootBytes, signal })
        .catch((error: unknown) => {
          if (error instanceof RecoveryError && error.code === 'NotFound') {
            return undefined;
          }
          throw error;
        });
      if (bytes !== undefined && createHash('sha256').update(bytes).digest('hex') === sha256) {
        return true;
      }
    }
    // Newer roots than are read may have it.
    if (rootVersion > maxRoots) {
      return true;
    }
  }
  return false;
}

import { createHash } from 'node:crypto';
import type { ProxyRule } from '../../net/proxy-rule.ts';
import { S3Bucket, type S3BucketOptions } from '../../storage/s3/s3-bucket.ts';
import type { S3Observer } from '../../storage/s3/s3-options.ts';

/** A bucket in use; disposing of the last use closes its connections. */
export interface BucketUse extends Disposable {
  readonly bucket: S3Bucket;
}

/**
 * Buckets that are in use right now, one for each way to reach one. Runs on the same target at the same time
 * share its sockets and, above all, its limits: `requestsPerSecond` holds for the target and not for each
 * run. Credentials that changed make another entry, so the old ones are not used any longer.
 */
export class BucketPool {
  readonly #observer: S3Observer;
  readonly #proxy: ProxyRule;
  readonly #open = new Map<string, { readonly bucket: Promise<S3Bucket>; uses: number }>();

  constructor(observer: S3Observer, proxy: ProxyRule) {
    this.#observer = observer;
    this.#proxy = proxy;
  }

  /** The bucket these options describe; nothing is sent yet. */
  async use(options: S3BucketOptions): Promise<BucketUse> {
    const id = fingerprint(options);
    const entry = this.#open.get(id) ?? {
      bucket: S3Bucket.open({
        ...options,
        access: { ...options.access, proxy: this.#proxy },
        observer: this.#observer,
      }),
      uses: 0,
    };
    this.#open.set(id, entry);
    entry.uses += 1;
    let inUse = true;
    const release = (): void => {
      if (!inUse) {
        return;
      }
      inUse = false;
      entry.uses -= 1;
      if (entry.uses > 0) {
        return;
      }
      this.#open.delete(id);
      // One that could not be opened has no connections, and its caller has the error.
      entry.bucket.then(
        (bucket) => bucket.destroy(),
        () => undefined,
      );
    };
    try {
      return { bucket: await entry.bucket, [Symbol.dispose]: release };
    } catch (error) {
      release();
      throw error;
    }
  }
}

/** Tells options apart without keeping secrets as keys of a map. */
function fingerprint({ bucket, access, limits }: S3BucketOptions): string {
  return createHash('sha256')
    .update(JSON.stringify([bucket, access, limits]))
    .digest('hex');
}

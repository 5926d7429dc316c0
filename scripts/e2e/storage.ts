import { setTimeout as delay } from 'node:timers/promises';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { type DemoApp, type DemoAppOptions, signDemoApp } from '../demo/app.ts';
import { credentials } from './backends.ts';
import { names } from './names.ts';

/** Uploads at the same time. */
const width = 16;
/** Files of roles whose lifetimes differ from each other; they are uploaded first. */
const distinct = /\/(?:\d+\.)?(?:root|targets|snapshot|timestamp|stable|nightly)\.json$/;

/** The scenario's S3 store with its bucket. */
export class Store implements Disposable {
  readonly #client: S3Client;

  private constructor(client: S3Client) {
    this.#client = client;
  }

  /** Makes the bucket. */
  static async open(endpoint: string): Promise<Store> {
    const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
    await client.send(new CreateBucketCommand({ Bucket: names.bucket }));
    return new Store(client);
  }

  /**
   * Signs an app and uploads it as a server does: at the moment its files say they were signed. The store
   * keeps the time of the upload, and from the two a lifetime is known.
   */
  async publish(options: DemoAppOptions = {}): Promise<DemoApp> {
    const app = await signAhead(options);
    await this.#put(app.objects.filter(({ key }) => distinct.test(key)));
    await this.#put(app.objects.filter(({ key }) => !distinct.test(key)));
    return app;
  }

  async #put(objects: DemoApp['objects']): Promise<void> {
    const left = [...objects];
    const worker = async (): Promise<void> => {
      for (let next = left.pop(); next !== undefined; next = left.pop()) {
        await this.#client.send(
          new PutObjectCommand({ Bucket: names.bucket, Key: next.key, Body: next.body }),
        );
      }
    };
    await Promise.all(Array.from({ length: width }, worker));
  }

  [Symbol.dispose](): void {
    this.#client.destroy();
  }
}

/** Signs an app for a moment that is still to come, however long signing takes, and waits for it. */
async function signAhead(options: DemoAppOptions): Promise<DemoApp> {
  for (let aheadMs = 1_000; ; aheadMs *= 2) {
    const at = Date.now() + aheadMs;
    const app = signDemoApp(new Date(at), options);
    const left = at - Date.now();
    if (left >= 0) {
      await delay(left);
      return app;
    }
  }
}

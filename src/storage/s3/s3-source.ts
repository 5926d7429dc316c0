import { RecoveryError, TerminalError } from '../../errors.ts';
import { readObjectBody, tooLarge } from '../body.ts';
import type { GetOptions, ListedObject, MetadataSource } from '../source.ts';
import { listPages } from './s3-pages.ts';
import type { S3Requests } from './s3-requests.ts';

/** Characters of a name like `12.some-delegated-role.json`, and room to spare. A key of S3 may have 1,024. */
const ordinaryName = 64;

/**
 * A TUF repository under one prefix of a bucket. Needs ListBucket on the prefix and GetObject below it, no
 * more.
 */
export class S3Source implements MetadataSource {
  readonly location: string;
  readonly #bucket: S3Requests;
  readonly #prefix: string;

  /** @param prefix `''` or ending in `/` */
  constructor(bucket: S3Requests, prefix: string) {
    this.location = `s3://${bucket.name}/${prefix}`;
    this.#bucket = bucket;
    this.#prefix = prefix;
  }

  /**
   * One request per 1,000 objects, each page after the other: S3 gives the next page's token with the page.
   */
  async *list(signal?: AbortSignal): AsyncGenerator<readonly ListedObject[]> {
    const { maxObjects } = this.#bucket.limits;
    let count = 0;
    let characters = 0;
    for await (const { objects } of listPages(this.#bucket, this.#prefix, undefined, signal)) {
      count += objects.length;
      if (count > maxObjects) {
        throw this.#tooLarge(`There are more than ${maxObjects} objects`);
      }
      characters += objects.reduce((sum, { name }) => sum + name.length, 0);
      if (characters > maxObjects * ordinaryName) {
        throw this.#tooLarge(
          `The names of objects are more than ${maxObjects * ordinaryName} characters long in all`,
        );
      }
      yield objects;
    }
  }

  /** From one page: for a message, not for a decision. */
  async neighbours(levelsUp: 1 | 2, signal?: AbortSignal): Promise<readonly string[]> {
    const above = this.#prefix.split('/').slice(0, -1 - levelsUp);
    const prefix = above.map((segment) => `${segment}/`).join('');
    try {
      for await (const { folders } of listPages(this.#bucket, prefix, '/', signal)) {
        return folders;
      }
    } catch (error) {
      // Credentials for one app need not show the others.
      if (!(error instanceof RecoveryError)) {
        throw error;
      }
    }
    return [];
  }

  async get(name: string, { maxBytes, signal, onLastModified }: GetOptions): Promise<Uint8Array> {
    const object = `${this.location}${name}`;
    if (leavesPrefix(name)) {
      throw new TerminalError(
        'InvalidSource',
        `${object} is not read: some S3 servers resolve "." and ".." in keys and would leave the prefix. Rename the role.`,
      );
    }
    return this.#bucket.request(
      'GetObject',
      object,
      async (client, watchdog) => {
        const { body, length, lastModified } = await client.get(this.#prefix + name, watchdog.signal);
        try {
          if (length !== undefined && length > maxBytes) {
            throw tooLarge(object, maxBytes, await beginningOf(body));
          }
          // The unread body costs one socket buffer; it becomes memory of ours only within the budget.
          const release = await watchdog.hold(
            this.#bucket.memory.acquire(length ?? maxBytes, watchdog.signal),
          );
          try {
            const content = await readObjectBody(body, {
              name: object,
              maxBytes,
              length,
              onBytes: (bytes) => watchdog.fed(bytes),
            });
            if (lastModified !== undefined) {
              onLastModified?.(lastModified);
            }
            return content;
          } finally {
            release();
          }
        } catch (error) {
          body.destroy();
          throw error;
        }
      },
      signal,
    );
  }

  #tooLarge(what: string): TerminalError {
    return new TerminalError('TooLarge', `${what} under ${this.location}. Check the prefix.`);
  }
}

/** The first chunk of a body, which is then closed. */
async function beginningOf(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  for await (const chunk of body) {
    return chunk;
  }
  return new Uint8Array();
}

function leavesPrefix(name: string): boolean {
  return name.split('/').some((segment) => segment === '.' || segment === '..');
}

import type { ListObjectsV2CommandOutput } from '@aws-sdk/client-s3';
import { TerminalError } from '../../errors.ts';
import { readBody, tooLarge } from '../body.ts';
import type { GetOptions, ListedObject, MetadataSource } from '../source.ts';
import type { S3Requests } from './s3-requests.ts';

/** A key has at most 1,024 bytes, three characters each when percent-encoded. */
const MAX_ENCODED_KEY = 3 * 1024;

/** A TUF repository under one prefix of a bucket. Needs ListBucket on the prefix and GetObject below it, no more. */
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

  /** One request per 1,000 objects, each page after the other: S3 gives the next page's token with the page. */
  async *list(signal?: AbortSignal): AsyncGenerator<readonly ListedObject[]> {
    let count = 0;
    let token: string | undefined;
    do {
      const page = await this.#page(token, signal);
      count += page.objects.length;
      if (count > this.#bucket.limits.maxObjects) {
        throw this.#tooManyObjects();
      }
      // A server that repeats its token would keep us here for ever.
      if (page.next !== undefined && page.next === token) {
        throw this.#notS3('repeats its continuation token');
      }
      yield page.objects;
      token = page.next;
    } while (token !== undefined);
  }

  async get(name: string, { maxBytes, signal }: GetOptions): Promise<Uint8Array> {
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
        const { body, length } = await client.get(this.#prefix + name, watchdog.signal);
        try {
          if (length !== undefined && length > maxBytes) {
            throw tooLarge(object, maxBytes);
          }
          // The unread body costs one socket buffer; it becomes memory of ours only within the budget.
          const release = await watchdog.hold(
            this.#bucket.memory.acquire(length ?? maxBytes, watchdog.signal),
          );
          try {
            return await readBody(body, { name: object, maxBytes, onBytes: (bytes) => watchdog.fed(bytes) });
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

  #page(token: string | undefined, signal: AbortSignal | undefined): Promise<Page> {
    return this.#bucket.request(
      'ListObjectsV2',
      this.location,
      async (client, watchdog) => {
        const output = await client.list(
          {
            Prefix: this.#prefix,
            // XML 1.0 can't carry control characters; with this encoding a key can hold any.
            EncodingType: 'url',
            ...(token === undefined ? {} : { ContinuationToken: token }),
          },
          watchdog.signal,
        );
        return this.#readPage(output);
      },
      signal,
    );
  }

  #readPage(output: ListObjectsV2CommandOutput): Page {
    // Any XML or HTML parses into an empty page. Every S3 sends IsTruncated, and "no objects" must not be an accident.
    if (output.IsTruncated === undefined) {
      throw this.#notS3('sent no listing');
    }
    if (output.IsTruncated && !output.NextContinuationToken) {
      throw this.#notS3('cut its listing short');
    }
    const objects: ListedObject[] = [];
    for (const { Key, Size, LastModified } of output.Contents ?? []) {
      if (Key === undefined || Size === undefined || LastModified === undefined) {
        throw this.#notS3('listed an object without key, size or date');
      }
      if (Key.length > MAX_ENCODED_KEY) {
        throw this.#notS3('listed a key longer than S3 keys are');
      }
      // Not every server honours the encoding we asked for; the ones that do say so.
      const key = output.EncodingType === 'url' ? this.#decodeKey(Key) : Key;
      if (!key.startsWith(this.#prefix)) {
        throw this.#notS3('listed an object outside the prefix');
      }
      // The prefix itself is a folder marker that consoles create, not a file of the repository.
      if (key.length > this.#prefix.length) {
        objects.push({ name: key.slice(this.#prefix.length), size: Size, lastModified: LastModified });
      }
    }
    return { objects, next: output.IsTruncated ? output.NextContinuationToken : undefined };
  }

  /** `encoding-type=url` is form encoding: a space comes as `+`. */
  #decodeKey(key: string): string {
    try {
      return decodeURIComponent(key.replaceAll('+', ' '));
    } catch (error) {
      throw this.#notS3('listed a key that is not encoded as it says', error);
    }
  }

  #notS3(what: string, cause?: unknown): TerminalError {
    return new TerminalError(
      'InvalidSource',
      `The server behind ${this.location} ${what}, so it is no S3 API or a broken one. Check the endpoint.`,
      { cause },
    );
  }

  #tooManyObjects(): TerminalError {
    return new TerminalError(
      'TooLarge',
      `There are more than ${this.#bucket.limits.maxObjects} objects under ${this.location}. Check the prefix.`,
    );
  }
}

interface Page {
  readonly objects: readonly ListedObject[];
  readonly next: string | undefined;
}

function leavesPrefix(name: string): boolean {
  return name.split('/').some((segment) => segment === '.' || segment === '..');
}

import { createHash } from 'node:crypto';
import { readObjectBody } from '../body.ts';
import type { S3Bucket } from './s3-bucket.ts';

/** What a conditional GET found. */
export type ConditionalAnswer =
  /** The store vouches that the object is the one with that ETag. */
  | { readonly kind: 'unchanged' }
  | {
      readonly kind: 'object';
      /** Of the body, lower-case hexadecimal. */
      readonly sha256: string;
      /** For the next call; undefined when the store sends none. */
      readonly etag: string | undefined;
    };

/**
 * One GET of a small object that costs no body when nothing changed.
 *
 * @param etag what an earlier call returned; undefined fetches the object
 * @throws TransientError or TerminalError of the storage taxonomy
 */
export async function getIfChanged(
  bucket: S3Bucket,
  key: string,
  etag: string | undefined,
  options: { readonly maxBytes: number; readonly signal: AbortSignal },
): Promise<ConditionalAnswer> {
  const location = `s3://${bucket.name}/${key}`;
  return bucket.request(
    'GetObject',
    location,
    async (client, watchdog): Promise<ConditionalAnswer> => {
      const answer = await client.getIfChanged(key, etag, watchdog.signal);
      if (answer === 'unchanged') {
        return { kind: 'unchanged' };
      }
      const { body } = answer;
      try {
        const bytes = await readObjectBody(body, {
          name: location,
          maxBytes: options.maxBytes,
          onBytes: (count) => watchdog.fed(count),
        });
        return {
          kind: 'object',
          sha256: createHash('sha256').update(bytes).digest('hex'),
          etag: answer.etag,
        };
      } catch (error) {
        body.destroy();
        throw error;
      }
    },
    options.signal,
  );
}

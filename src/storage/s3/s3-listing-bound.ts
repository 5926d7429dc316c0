import { pipeline, Readable, Transform } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
import { tooLarge } from '../body.ts';

/**
 * A page holds at most 1,000 keys of at most 1,024 bytes; percent-encoded and with their XML that is below 4
 * MiB.
 */
const maxPageBytes = 16 * 1024 * 1024;

/**
 * Makes the client refuse a page of a listing that no honest store sends, before the SDK collects it in
 * memory. (Bodies of objects are handed out as streams and bounded where they are read.)
 */
export function boundListings(client: S3Client): void {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const result = await next(args);
      const response: unknown = result.response;
      if (context['commandName'] === 'ListObjectsV2Command' && hasStream(response)) {
        response.body = bounded(response.body);
      }
      return result;
    },
    { step: 'deserialize', priority: 'low', name: 'boundListings' },
  );
}

function hasStream(response: unknown): response is { body: Readable } {
  return (
    typeof response === 'object' &&
    response !== null &&
    'body' in response &&
    response.body instanceof Readable
  );
}

function bounded(body: Readable): Readable {
  let length = 0;
  const bound = new Transform({
    transform(chunk: Uint8Array, _encoding, callback) {
      length += chunk.byteLength;
      if (length > maxPageBytes) {
        callback(tooLarge('a page of the listing', maxPageBytes));
      } else {
        callback(null, chunk);
      }
    },
  });
  // Each side's failure destroys the other, so the SDK sees a lost connection as the failure of the page.
  return pipeline(body, bound, () => {});
}

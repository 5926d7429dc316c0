import { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
import { TerminalError } from '../../errors.ts';
import { readObjectBody } from '../body.ts';

/**
 * A page holds at most 1,000 keys of at most 1,024 bytes; percent-encoded and with their XML that is below 4
 * MiB.
 */
const maxPageBytes = 16 * 1024 * 1024;

/**
 * Reads pages of listings before the SDK does: refuses a page that no honest store sends before it is
 * collected in memory, what is no listing at all, and brings the forms of other stores into the one the SDK
 * reads. (Bodies of objects are handed out as streams and bounded where they are read.)
 *
 * @param server in words, for messages
 */
export function installListingReader(client: S3Client, server: string): void {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const result = await next(args);
      const response: unknown = result.response;
      if (context['commandName'] === 'ListObjectsV2Command' && hasStream(response)) {
        const page = await readObjectBody(response.body, {
          name: 'a page of the listing',
          maxBytes: maxPageBytes,
          onBytes: () => {},
        });
        response.body = Readable.from([response.statusCode === 200 ? inSDKForm(page, server) : page]);
      }
      return result;
    },
    { step: 'deserialize', priority: 'low', name: 'installListingReader' },
  );
}

function hasStream(response: unknown): response is { body: Readable; statusCode: unknown } {
  return (
    typeof response === 'object' &&
    response !== null &&
    'body' in response &&
    response.body instanceof Readable
  );
}

const listingDocument = /^\s*(?:<\?xml[^>]*>\s*)?(?:<!--[\s\S]*?-->\s*)?<(?:[\w.-]+:)?ListBucketResult[\s/>]/;

/** @throws {TerminalError} `InvalidSource` for what is no listing, and for a date that can't be read */
function inSDKForm(page: Uint8Array, server: string): Buffer {
  // A byte order mark is dropped with the decoding; the SDK's parser takes it for text before the document.
  const text = new TextDecoder().decode(page);
  // Any XML or HTML parses into an empty page, and "no objects" must not be an accident.
  if (!listingDocument.test(text)) {
    throw new TerminalError(
      'InvalidSource',
      `${server} sent no listing (<ListBucketResult>), so it is no S3 API or a broken one. Check the endpoint.`,
    );
  }
  // Text of an element holds no "<", so nothing but such an element can match.
  return Buffer.from(
    text.replace(
      /(?<=<LastModified>)([^<]*)(?=<\/LastModified>)/g,
      (written) => dateIn(written.trim())?.toISOString() ?? refuseDate(written, server),
    ),
  );
}

const isoDate = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(\.\d{1,9})?\s?([Zz]|[+-]\d\d:?\d\d)?$/;
const httpDate = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (?:GMT|UTC|[+-]0000)$/;

/**
 * A time as stores write it: ISO 8601 (without a zone: UTC), the date of HTTP headers, or seconds or
 * milliseconds since the epoch. Undefined for anything else: Date.parse would make something of almost any
 * text.
 */
function dateIn(text: string): Date | undefined {
  const iso = isoDate.exec(text);
  if (iso !== null) {
    const [, day, time, fraction = '', zone = 'Z'] = iso;
    return valid(new Date(`${day}T${time}${fraction.slice(0, 4)}${zone.toUpperCase()}`));
  }
  if (httpDate.test(text)) {
    return valid(new Date(text));
  }
  if (/^\d{9,11}(\.\d+)?$/.test(text)) {
    return new Date(Math.floor(Number(text)) * 1000);
  }
  return /^\d{12,14}$/.test(text) ? new Date(Number(text)) : undefined;
}

function valid(date: Date): Date | undefined {
  return Number.isNaN(date.getTime()) ? undefined : date;
}

function refuseDate(written: string, server: string): never {
  throw new TerminalError(
    'InvalidSource',
    `${server} listed an object with <LastModified> ${JSON.stringify(written.slice(0, 40))}, which is no date that is ` +
      'known here. Check the endpoint, or use a store that writes dates as S3 does.',
  );
}

import { fileURLToPath } from 'node:url';
import { TerminalError } from '../errors.ts';

/** Where a repository at rest is, as a person writes it. */
export type Location =
  | { readonly kind: 'directory'; readonly path: string }
  /** `prefix` is `''` or ends in `/`. */
  | { readonly kind: 's3'; readonly bucket: string; readonly prefix: string };

/**
 * Reads `s3://bucket`, `s3://bucket/prefix`, a path or a `file:` URL. Keys in an s3 address are taken as they
 * stand, without percent-decoding, as the AWS command line does.
 *
 * @throws {TerminalError} `InvalidInput` for anything else that looks like a URL
 */
export function parseLocation(text: string): Location {
  const s3 = /^s3:\/\/(?<bucket>[^/]+)(?:\/+(?<prefix>.*))?$/is.exec(text)?.groups;
  if (s3?.['bucket'] !== undefined) {
    return { kind: 's3', bucket: s3['bucket'], prefix: asPrefix(s3['prefix'] ?? '') };
  }
  if (/^file:\/\//i.test(text)) {
    return { kind: 'directory', path: pathOf(text) };
  }
  if (text === '' || /^[a-z][a-z0-9+.-]*:\/\//i.test(text)) {
    throw new TerminalError(
      'InvalidInput',
      `"${withoutUserInfo(text)}" is no place that metadata can be read from. Give a directory or s3://bucket/prefix.`,
    );
  }
  return { kind: 'directory', path: text };
}

function pathOf(fileURL: string): string {
  try {
    return fileURLToPath(fileURL);
  } catch (error) {
    throw new TerminalError(
      'InvalidInput',
      `"${withoutUserInfo(fileURL)}" names no file of this machine. Give its path.`,
      { cause: error },
    );
  }
}

/** Ends a prefix that isn't empty in exactly one `/`, so that `app` never matches `app-two`. */
function asPrefix(text: string): string {
  const trimmed = text.replace(/\/+$/, '');
  return trimmed === '' ? '' : `${trimmed}/`;
}

/** A mistyped URL may hold a password (`redis://:secret@…` given as the storage). */
function withoutUserInfo(text: string): string {
  return text.replace(/\/\/.*@/, '//…@');
}

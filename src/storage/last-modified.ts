/** The time in a Last-Modified header (RFC 9110, 8.8.2): whole seconds. Undefined for anything else. */
export function lastModifiedIn(header: string | null | undefined): Date | undefined {
  const at = new Date(header ?? '');
  return Number.isNaN(at.getTime()) ? undefined : at;
}

/**
 * When the bytes that were read were written. The answer to their GET says it, in whole seconds; a listing
 * has more digits, but may be of the object before or after it was replaced.
 *
 * @param listed of the listing
 * @param read of the answer that brought the bytes; undefined when it did not say
 */
export function writtenAt(listed: Date, read: Date | undefined): Date {
  return read === undefined || secondOf(listed) === secondOf(read) ? listed : read;
}

function secondOf(time: Date): number {
  return Math.floor(time.getTime() / 1000);
}

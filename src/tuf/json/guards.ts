import { MetadataFault } from '../findings/fault.ts';
import type { Version } from '../metadata/version.ts';

/**
 * A parsed JSON object. Read it with {@link ownMember}: names such as `constructor` must not reach the
 * prototype.
 */
export type JSONObject = Readonly<Record<string, unknown>>;

/** The own member `name`, or undefined. */
export function ownMember(object: JSONObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** `value` as an object. @throws MetadataFault `InvalidMetadata` naming `path` */
export function asObject(value: unknown, path: string): JSONObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    invalidMetadata(path, 'an object');
  }
  // Narrowed above to a non-null, non-array object; JSON objects have string keys only.
  return value as JSONObject;
}

/** `value` as an array. @throws MetadataFault `InvalidMetadata` naming `path` */
export function asArray(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) {
    invalidMetadata(path, 'an array');
  }
  return value;
}

/** `value` as a string. @throws MetadataFault `InvalidMetadata` naming `path` */
export function asString(value: unknown, path: string): string {
  if (typeof value !== 'string') {
    invalidMetadata(path, 'a string');
  }
  return value;
}

/**
 * `value` as a string of at most `most` UTF-16 units.
 *
 * @throws MetadataFault `InvalidMetadata`, `LimitExceeded`, naming `path`
 */
export function asShortString(value: unknown, most: number, path: string): string {
  const text = asString(value, path);
  if (text.length > most) {
    throw new MetadataFault(
      'LimitExceeded',
      `${path} has ${text.length} characters, at most ${most} are read`,
    );
  }
  return text;
}

/** `value` as an integer of at least `minimum`. @throws MetadataFault `InvalidMetadata` naming `path` */
export function asInteger(value: unknown, minimum: number, path: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < minimum) {
    invalidMetadata(path, `an integer of at least ${minimum}`);
  }
  return value;
}

/** `value` as a version of at least 1. @throws MetadataFault `InvalidMetadata` naming `path` */
export function asVersion(value: unknown, path: string): Version {
  return typeof value === 'bigint' && value > 0n ? value : asInteger(value, 1, path);
}

/**
 * `value` as an array of strings of at most `most` UTF-16 units each. @throws MetadataFault as
 * {@link asShortString}
 */
export function asStrings(value: unknown, most: number, path: string): readonly string[] {
  return asArray(value, path).map((item, index) => asShortString(item, most, `${path}[${index}]`));
}

/** @throws MetadataFault always */
export function invalidMetadata(path: string, expected: string): never {
  throw new MetadataFault('InvalidMetadata', `${path} must be ${expected}`);
}

import { truncate } from './text.ts';

/** What a schema admits of one value, as far as a value from outside can exceed it. */
export type Bounds =
  | {
      readonly type: 'string';
      readonly maxLength?: number;
      readonly pattern?: string;
      readonly format?: 'date-time';
      readonly enum?: readonly string[];
    }
  | { readonly type: 'integer'; readonly minimum?: number; readonly maximum?: number }
  | { readonly type: 'boolean' }
  | { readonly type: 'array'; readonly maxItems?: number; readonly items: Bounds }
  | {
      readonly type: 'object';
      readonly required?: readonly string[];
      readonly properties: Readonly<Record<string, Bounds>>;
    };

/**
 * Fields that name something. A name is kept whole or left out together with what it names: cut, it would
 * name something else. All other text is for people, and is cut.
 */
const identities: ReadonlySet<string> = new Set([
  'adminName',
  'appName',
  'name',
  'taskID',
  'digest',
  'sha256',
  'rootSHA256',
]);

/**
 * The value as the schema admits it: text and lists are cut, numbers are clamped, and what can't be cut is
 * left out. Undefined when nothing of it is admitted, or a required part of it is not. Returns a new value;
 * `value` stays as it is.
 */
export function withinBounds(value: unknown, bounds: Bounds): unknown {
  switch (bounds.type) {
    case 'string':
      return typeof value === 'string' ? text(value, bounds) : undefined;
    case 'integer':
      return typeof value === 'number' && Number.isFinite(value)
        ? Math.min(Math.max(Math.trunc(value), bounds.minimum ?? -Infinity), bounds.maximum ?? Infinity)
        : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined;
    case 'array': {
      if (!Array.isArray(value)) {
        return undefined;
      }
      const items: unknown[] = [];
      for (const item of value) {
        if (items.length >= (bounds.maxItems ?? Infinity)) {
          break;
        }
        const fitted = withinBounds(item, bounds.items);
        if (fitted !== undefined) {
          items.push(fitted);
        }
      }
      return items;
    }
    case 'object':
      return typeof value === 'object' && value !== null ? members(value, bounds) : undefined;
  }
}

function members(
  value: object,
  { properties, required = [] }: Extract<Bounds, { type: 'object' }>,
): Readonly<Record<string, unknown>> | undefined {
  const admitted: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) {
    const bounds = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (member === undefined || bounds === undefined) {
      continue;
    }
    const fitted = isTooLongName(name, member, bounds) ? undefined : withinBounds(member, bounds);
    if (fitted !== undefined) {
      admitted[name] = fitted;
    }
  }
  return required.every((name) => Object.hasOwn(admitted, name)) ? admitted : undefined;
}

function isTooLongName(name: string, value: unknown, bounds: Bounds): boolean {
  return (
    identities.has(name) &&
    typeof value === 'string' &&
    bounds.type === 'string' &&
    (value.length > (bounds.maxLength ?? Infinity) || !value.isWellFormed())
  );
}

/** RFC 3339, as the API server reads it. */
const dateTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

function text(value: string, bounds: Extract<Bounds, { type: 'string' }>): string | undefined {
  if (bounds.format === 'date-time') {
    return dateTime.test(value) && !Number.isNaN(Date.parse(value)) ? value : undefined;
  }
  const cut = truncate(value, bounds.maxLength ?? Infinity);
  const admitted =
    (bounds.pattern === undefined || new RegExp(bounds.pattern, 'u').test(cut)) &&
    (bounds.enum?.includes(cut) ?? true);
  return admitted ? cut : undefined;
}

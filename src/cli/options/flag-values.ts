import { InvalidArgumentError } from 'commander';

/**
 * Parsers of flag values. Each throws InvalidArgumentError with what is allowed; commander adds the flag and
 * the value, so none of them may be used for a secret.
 */

/** A whole number within bounds, in plain decimal digits. */
export function parseInteger(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= minimum && value <= maximum) {
      return value;
    }
    throw new InvalidArgumentError(`Give a whole number from ${minimum} to ${maximum}.`);
  };
}

const unitSeconds = new Map([
  ['s', 1],
  ['m', 60],
  ['h', 3_600],
  ['d', 86_400],
]);

/**
 * A length of time in seconds, within bounds: a plain number, or one with a unit as the resources take it:
 * `90s`, `5m`, `12h`, `30d`.
 */
export function parseSeconds(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const [, digits, unit = 's'] = /^(\d{1,15})([smhd])?$/.exec(text) ?? [];
    const value = Number(digits ?? Number.NaN) * (unitSeconds.get(unit) ?? Number.NaN);
    if (value >= minimum && value <= maximum) {
      return value;
    }
    throw new InvalidArgumentError(
      `Give seconds, or a number with a unit such as 90s, 5m, 12h or 30d: from ${minimum} to ${maximum} s.`,
    );
  };
}

/** A number of days, within bounds: `90` or `90d`, as the resources take it. */
export function parseDays(minimum: number, maximum: number): (text: string) => number {
  const parse = parseInteger(minimum, maximum);
  return (text) => {
    try {
      return parse(text.replace(/d$/, ''));
    } catch {
      throw new InvalidArgumentError(`Give days, for example 90 or 90d: from ${minimum} to ${maximum}.`);
    }
  };
}

/** An instant as RFC 3339 writes it: `2026-11-23T10:59:06Z`. */
export function parseInstant(text: string): Date {
  const value = new Date(text);
  const wellFormed = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/i.test(text);
  if (wellFormed && !Number.isNaN(value.getTime())) {
    return value;
  }
  throw new InvalidArgumentError('Give an instant as RFC 3339 writes it, for example 2026-11-23T10:59:06Z.');
}

/** A sha256 in hex; `sha256:` in front and upper case are accepted, lower case is returned. */
export function parseSHA256(text: string): string {
  const hex = /^(?:sha256:)?([0-9a-f]{64})$/i.exec(text)?.[1];
  if (hex !== undefined) {
    return hex.toLowerCase();
  }
  throw new InvalidArgumentError('Give 64 hexadecimal digits, as sha256sum prints them.');
}

/** The digest of a plan: `sha256:` and 64 hexadecimal digits in lower case, as plans are shown with it. */
export function parseDigest(text: string): string {
  if (/^sha256:[0-9a-f]{64}$/.test(text)) {
    return text;
  }
  throw new InvalidArgumentError('Give sha256: and 64 hexadecimal digits, as describe shows them.');
}

/** A UUID in any spelling; lower case is returned. */
export function parseUUID(text: string): string {
  if (/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text)) {
    return text.toLowerCase();
  }
  throw new InvalidArgumentError('Give a UUID, for example one that uuidgen prints.');
}

/** `true` or `false`. */
export function parseBoolean(text: string): boolean {
  if (text === 'true' || text === 'false') {
    return text === 'true';
  }
  throw new InvalidArgumentError('Give true or false.');
}

/**
 * Collects `ROLE=VALUE` of a repeated flag; the name ends at the last `=`, because a role name may hold
 * one.
 */
export function parsePerRole(
  parse: (text: string) => number,
): (text: string, sofar?: ReadonlyMap<string, number>) => ReadonlyMap<string, number> {
  return (text, sofar = new Map()) => {
    const end = text.lastIndexOf('=');
    if (end < 1) {
      throw new InvalidArgumentError('Give ROLE=NUMBER.');
    }
    return new Map([...sofar, [text.slice(0, end), parse(text.slice(end + 1))]]);
  };
}

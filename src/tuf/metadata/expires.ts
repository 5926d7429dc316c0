import { MetadataFault } from '../findings/fault.ts';
import { quoted } from '../findings/text.ts';

/** An `expires` value: the instant, and how it is spelled. */
export interface Expires {
  /** Milliseconds since the epoch; fractions below a millisecond are cut off. */
  readonly at: number;
  readonly text: string;
  /** YYYY-MM-DDTHH:MM:SSZ, the only form of the specification (4.2). */
  readonly plain: boolean;
  /** What Go's RFC3339Nano prints for the instant, so that the server's round trip keeps the bytes. */
  readonly roundTrips: boolean;
}

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d{1,9})?(?:Z|([+-])(\d\d):(\d\d))$/;

/**
 * Reads an RFC 3339 date-time with a zone. Fractions and offsets occur in real repositories and are accepted;
 * impossible dates, leap seconds and local times are not.
 *
 * @throws MetadataFault `InvalidExpires`
 */
export function parseExpires(value: unknown): Expires {
  const match = typeof value === 'string' ? RFC3339.exec(value) : null;
  if (match === null || typeof value !== 'string') {
    return refuse(value);
  }
  const [text, year, month, day, hour, minute, second, fraction = '', sign, offHour, offMinute] = match;
  const days = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  const possible =
    Number(year) >= 1970 &&
    Number(month) >= 1 &&
    Number(month) <= 12 &&
    Number(day) >= 1 &&
    Number(day) <= days;
  if (!possible || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) {
    return refuse(value);
  }
  const local = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
    Math.trunc(Number(fraction) * 1000),
  );
  const offset = (Number(offHour ?? 0) * 60 + Number(offMinute ?? 0)) * 60_000;
  if (Number(offHour ?? 0) > 23 || Number(offMinute ?? 0) > 59) {
    return refuse(value);
  }
  return {
    at: sign === '-' ? local + offset : local - offset,
    text,
    plain: fraction === '' && sign === undefined,
    roundTrips: !fraction.endsWith('0') && !(sign !== undefined && offset === 0),
  };
}

function refuse(value: unknown): never {
  throw new MetadataFault(
    'InvalidExpires',
    `expires must be a date-time such as 2030-01-31T00:00:00Z, not ${quoted(value)}`,
  );
}

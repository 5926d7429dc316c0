import { type DestinationStream, type Logger, pino } from 'pino';

/** How much is logged. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Every {@link LogLevel}, least severe first. */
export const logLevels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/**
 * Names under which secrets travel through this program. Nothing logs them on purpose; this is the net below, for the
 * day somebody logs a whole options object.
 */
const secretFields = [
  'password',
  'secretAccessKey',
  'sessionToken',
  'accessKeyId',
  'token',
  'authorization',
  'privateKey',
  'tls.key',
  'jwt',
];

/** pino matches paths, not names; this deep is deeper than anything that is logged. */
const depth = 4;

/**
 * The program's logger: one JSON object a line, times in RFC 3339, `level` as a word, secrets replaced.
 *
 * Fields every line of a controller carries: `controller`, `namespace`, `name`, `reconcileID`; lines of a run also
 * `taskID` and, where it is known, `stage`.
 *
 * @param destination where to write; standard output when absent
 */
export function createLogger(level: LogLevel, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: redactedPaths(), censor: '[redacted]' },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

function redactedPaths(): string[] {
  const prefixes = Array.from({ length: depth }, (_, level) => '*.'.repeat(level));
  return secretFields.flatMap((field) => prefixes.map((prefix) => prefix + field));
}

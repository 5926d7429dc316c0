import { type DestinationStream, type Logger, pino } from 'pino';
import type { LogLevel } from './log-level.ts';
import { withoutSecrets } from './redaction.ts';

/**
 * The program's logger: one JSON object a line, times in RFC 3339, `level` as a word, secrets replaced.
 *
 * Fields every line of a controller carries: `controller`, `namespace`, `name`, `reconcileID`; lines of a run
 * also `taskID` and, where it is known, `stage`.
 *
 * @param destination where to write; standard output when absent
 */
export function createLogger(level: LogLevel, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    hooks: { streamWrite: withoutSecrets },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

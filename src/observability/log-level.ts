/** How much is logged. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Every {@link LogLevel}, least severe first. */
export const logLevels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

import type { Logger } from 'pino';
import { APIError } from '../client/api-error.ts';
import { ConnectionError } from '../client/connection-error.ts';

/** The process, as far as a crash policy listens to it. */
export interface ProcessEvents {
  on(event: 'uncaughtException' | 'unhandledRejection', listener: (error: unknown) => void): unknown;
}

/**
 * Decides about uncaught errors. A lost connection is the world's fault: it is logged, and the loop that
 * owns the connection makes a new one. Anything else is a defect after which no state can be trusted, so the
 * process ends and its successor starts from what the API server holds.
 *
 * @param exit ends the process; called at most once
 */
export function installCrashPolicy(process: ProcessEvents, logger: Logger, exit: () => void): void {
  let exiting = false;
  const judge = (error: unknown): void => {
    if (isConnectionLoss(error)) {
      logger.error({ err: error }, 'the error of a lost connection was not handled; continuing');
      return;
    }
    logger.fatal({ err: error }, 'programmer error; exiting');
    if (!exiting) {
      exiting = true;
      exit();
    }
  };
  process.on('uncaughtException', judge);
  process.on('unhandledRejection', judge);
}

const CONNECTION_LOSS = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
]);

function isConnectionLoss(error: unknown): boolean {
  return (
    error instanceof APIError ||
    error instanceof ConnectionError ||
    (error instanceof Error && 'code' in error && CONNECTION_LOSS.has(String(error.code)))
  );
}

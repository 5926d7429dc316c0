import type { Logger } from 'pino';
import { systemClock } from '../../async/clock.ts';
import { followExtraAuthorities } from '../../net/extra-authorities.ts';
import type { Environment } from '../options/env.ts';

/**
 * Has the installation's certificate authorities (NODE_EXTRA_CA_CERTS, the chart's `caBundle`) count when
 * they change, without a restart.
 *
 * @returns stops it
 */
export function followAuthorities({ extraCAFile: path }: Environment, logger: Logger): Disposable {
  const stop = path === undefined ? () => {} : follow(path, logger);
  return { [Symbol.dispose]: stop };
}

function follow(path: string, logger: Logger): () => void {
  return followExtraAuthorities({
    path,
    clock: systemClock,
    onChange: (certificates) => logger.info({ path, certificates }, 'certificate authorities were renewed'),
    onProblem: (problem) =>
      logger.error({ problem }, 'the certificate authorities cannot be read; those read before stay in use'),
  });
}

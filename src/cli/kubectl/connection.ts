import { KubeConfig } from '@kubernetes/client-node';
import { Registry } from 'prom-client';
import { TerminalError } from '../../errors.ts';
import { APIClient } from '../../kube/client/api-client.ts';
import { RuntimeMetrics } from '../../kube/metrics/runtime-metrics.ts';

/** Flags every command of the plugin takes, as kubectl has them. */
export interface ConnectionFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: string;
}

/** A cluster and the namespace that is meant where none is named. */
export interface Connection extends AsyncDisposable {
  readonly api: APIClient;
  readonly namespace: string;
}

/**
 * The cluster of the kubeconfig: `--kubeconfig`, else $KUBECONFIG, else ~/.kube/config, else the service account of
 * the pod this runs in. `--context` and `--namespace` win over what it says.
 *
 * @throws {TerminalError} `InvalidInput` when the file can't be read or does not name the context.
 */
export function connect(flags: ConnectionFlags): Connection {
  const config = loadKubeConfig(flags);
  const api = new APIClient({
    loadConfig: () => loadKubeConfig(flags),
    userAgent: 'kubectl-tuf-recovery',
    // Nobody scrapes a command, but the client counts all the same.
    metrics: new RuntimeMetrics({ registry: new Registry(), prefix: 'bootstrap_recovery' }),
  });
  const namespace = flags.namespace ?? config.getContextObject(config.getCurrentContext())?.namespace;
  return {
    api,
    namespace: namespace === undefined || namespace === '' ? 'default' : namespace,
    [Symbol.asyncDispose]: () => api.close(),
  };
}

/** The kubeconfig that {@link connect} describes. */
export function loadKubeConfig({ kubeconfig, context }: ConnectionFlags): KubeConfig {
  const config = new KubeConfig();
  try {
    if (kubeconfig === undefined) {
      config.loadFromDefault();
    } else {
      config.loadFromFile(kubeconfig);
    }
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause);
    throw new TerminalError('InvalidInput', `The kubeconfig can't be read: ${said}`, { cause });
  }
  if (context !== undefined) {
    if (config.getContextObject(context) === null) {
      const known = config.getContexts().map(({ name }) => name);
      throw new TerminalError(
        'InvalidInput',
        `The kubeconfig has no context "${context}". It has: ${known.join(', ') || 'none'}.`,
      );
    }
    config.setCurrentContext(context);
  }
  return config;
}

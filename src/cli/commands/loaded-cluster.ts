import type { KubeConfig } from '@kubernetes/client-node';
import { type Address, addressOf } from '../../net/dial.ts';

/**
 * The configuration of the cluster, and where its API server is as of the last time it was read. Every
 * connection to a target asks for that: reading a kubeconfig each time took a twentieth of the controller's
 * CPU, and ended runs that began while the file was being replaced.
 */
export class LoadedCluster {
  readonly #read: () => KubeConfig;
  #address: Address;

  /**
   * @param read reads the configuration: once now, and again for each {@link load}
   * @throws what `read` throws
   */
  constructor(read: () => KubeConfig) {
    this.#read = read;
    this.#address = serverOf(read());
  }

  /** Reads it anew: for the client of the API server, at its start and when its credentials are refused. */
  readonly load = (): KubeConfig => {
    const config = this.#read();
    this.#address = serverOf(config);
    return config;
  };

  /** The API server that the client talks to. */
  readonly apiServer = (): Address => this.#address;
}

/** Where the API server of a kubeconfig is. */
function serverOf(config: KubeConfig): Address {
  return addressOf(new URL(config.getCurrentCluster()?.server ?? 'https://kubernetes.default.svc'));
}

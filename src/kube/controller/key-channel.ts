import type { ObjectKey } from '../client/object-key.ts';

/**
 * Carries keys to a controller from sources other than a watch (controller-runtime: source.Channel). It
 * exists before the controller and before what sends to it, so neither has to know the other.
 */
export class KeyChannel {
  readonly #receivers = new Set<(key: ObjectKey) => void>();

  /** Every receiver gets every key that is sent from here on. */
  subscribe(receiver: (key: ObjectKey) => void): void {
    this.#receivers.add(receiver);
  }

  /** Bound, so that it can be handed out as a callback. */
  readonly send = (key: ObjectKey): void => {
    for (const receive of this.#receivers) {
      receive(key);
    }
  };
}

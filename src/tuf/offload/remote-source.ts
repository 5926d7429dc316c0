import type { MessagePort } from 'node:worker_threads';
import { TerminalError } from '../../errors.ts';
import type { GetOptions, MetadataSource } from '../../storage/source.ts';
import type { MainMessage, WorkerMessage } from './protocol.ts';

/** The source failed in the main thread, which holds the real error under this id. */
export class RemoteFailure extends Error {
  readonly id: number;

  constructor(id: number) {
    super(`request ${id} failed in the main thread`);
    this.name = 'RemoteFailure';
    this.id = id;
  }
}

/** Reads through the main thread. Only what the verifier tells apart crosses as an error of its own. */
export class RemoteSource implements Pick<MetadataSource, 'get'> {
  readonly #port: MessagePort;
  readonly #waiting = new Map<number, (answer: MainMessage) => void>();
  #next = 0;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (answer: MainMessage) => {
      const settle = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      settle?.(answer);
    });
  }

  async get(name: string, { maxBytes }: GetOptions): Promise<Uint8Array> {
    const id = this.#next++;
    const answer = await new Promise<MainMessage>((resolve) => {
      this.#waiting.set(id, resolve);
      this.#port.postMessage({ kind: 'get', id, name, maxBytes } satisfies WorkerMessage);
    });
    if ('bytes' in answer) return answer.bytes;
    if (answer.code === 'NotFound' || answer.code === 'TooLarge')
      throw new TerminalError(answer.code, answer.message);
    throw new RemoteFailure(id);
  }
}

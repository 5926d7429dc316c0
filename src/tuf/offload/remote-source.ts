import type { MessagePort } from 'node:worker_threads';
import { TerminalError } from '../../errors.ts';
import type { GetOptions, MetadataSource } from '../../storage/source.ts';
import { Outbox } from './outbox.ts';
import type { GetAnswer, GetRequest, MainMessage, WorkerMessage } from './protocol.ts';

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
  readonly #requests: Outbox<GetRequest>;
  readonly #waiting = new Map<number, (answer: GetAnswer) => void>();
  #next = 0;

  constructor(port: MessagePort) {
    this.#requests = new Outbox((requests) => {
      port.postMessage({ kind: 'get', requests } satisfies WorkerMessage);
    });
    port.on('message', (answers: MainMessage) => {
      for (const answer of answers) {
        this.#waiting.get(answer.id)?.(answer);
        this.#waiting.delete(answer.id);
      }
    });
  }

  async get(name: string, { maxBytes }: GetOptions): Promise<Uint8Array> {
    const id = this.#next++;
    const answer = await new Promise<GetAnswer>((resolve) => {
      this.#waiting.set(id, resolve);
      this.#requests.put({ id, name, maxBytes });
    });
    if ('bytes' in answer) return answer.bytes;
    if (answer.code === 'NotFound' || answer.code === 'TooLarge')
      throw new TerminalError(answer.code, answer.message);
    throw new RemoteFailure(id);
  }
}

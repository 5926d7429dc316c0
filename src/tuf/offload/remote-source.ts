import type { MessagePort } from 'node:worker_threads';
import { TerminalError } from '../../errors.ts';
import type { GetOptions, MetadataSource } from '../../storage/source.ts';
import { Outbox } from './outbox.ts';
import { type ReadFile, unpackFiles } from './packed-files.ts';
import type { Answers, GetFailure, WorkerMessage } from './protocol.ts';

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
  /** The main thread gave the bytes away. */
  readonly handsOver = true;
  readonly #requests: Outbox<{ readonly name: string; readonly maxBytes: number }>;
  readonly #waiting = new Map<number, (answer: ReadFile | GetFailure) => void>();
  #sent = 0;
  #asked = 0;

  constructor(port: MessagePort) {
    this.#requests = new Outbox((requests) => {
      const message: WorkerMessage = {
        kind: 'get',
        firstID: this.#sent,
        names: requests.map(({ name }) => name),
        maxBytes: requests.map(({ maxBytes }) => maxBytes),
      };
      this.#sent += requests.length;
      port.postMessage(message);
    });
  }

  /** Hands over what the main thread answered. */
  answer({ files, failures }: Answers): void {
    for (const answer of [...unpackFiles(files), ...failures]) {
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    }
  }

  /** Fails every request that waits: no answers come any more. */
  stop(): void {
    for (const [id, answer] of this.#waiting) {
      answer({ id, code: 'Aborted', message: 'stopped by the main thread' });
    }
    this.#waiting.clear();
  }

  async get(name: string, { maxBytes }: GetOptions): Promise<Uint8Array> {
    const id = this.#asked++;
    const answer = await new Promise<ReadFile | GetFailure>((resolve) => {
      this.#waiting.set(id, resolve);
      this.#requests.put({ name, maxBytes });
    });
    if ('bytes' in answer) {
      return answer.bytes;
    }
    const { code } = answer;
    if (code === 'NotFound' || code === 'TooLarge' || code === 'StoredEncoded') {
      throw new TerminalError(code, answer.message);
    }
    throw new RemoteFailure(id);
  }
}

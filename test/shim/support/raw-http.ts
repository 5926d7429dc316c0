import { connect } from 'node:net';

/** What came back on the wire: all of it, and the status lines in it. */
export interface RawReply {
  readonly text: string;
  /** One for each answer, in order. */
  readonly statuses: readonly number[];
}

/** What to send, in pieces, and how long to let them wait. */
export interface RawOptions {
  /** Milliseconds between two pieces. */
  readonly pause?: number;
}

/** Writes bytes to a port as they are and reads until the other side closes. */
export async function raw(
  port: number,
  pieces: readonly string[],
  { pause = 0 }: RawOptions = {},
): Promise<RawReply> {
  return await new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    let text = '';
    let rest = [...pieces];
    const write = (): void => {
      const [piece, ...others] = rest;
      rest = others;
      if (piece !== undefined && socket.writable) {
        socket.write(piece, 'latin1');
        setTimeout(write, pause).unref();
      }
    };
    socket.setEncoding('latin1');
    socket.on('connect', write);
    socket.on('data', (chunk) => {
      text += String(chunk);
    });
    // A server that has said no may reset what is still being sent.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') {
        reject(error);
      }
    });
    socket.on('close', () => {
      const statuses = [...text.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map((match) => Number(match[1]));
      resolve({ text, statuses });
    });
    socket.setTimeout(30_000, () => socket.destroy(new Error('the connection was left open for 30 s')));
  });
}

/** A request as text. `Connection: close` ends the exchange after the answer. */
export function rawRequest(line: string, headers: readonly string[], body = ''): string {
  return [`${line} HTTP/1.1`, 'Host: shim', 'Connection: close', ...headers, '', body].join('\r\n');
}

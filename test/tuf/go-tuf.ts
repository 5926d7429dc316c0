import { execFile } from 'node:child_process';
import { asset } from '../harness/assets.ts';

/** One file for go-tuf to read, and the file whose keys its signatures are held against. */
export interface GoRequest {
  readonly type: string;
  readonly file: Uint8Array;
  readonly root?: Uint8Array;
  readonly role?: string;
}

/** What go-tuf sees in a file; see test/substrate/gotuf/read.go. */
export interface GoReading {
  readonly error?: string;
  readonly unverified?: string;
  readonly version: number;
  readonly expires: string;
  readonly signatures?: Readonly<Record<string, string>>;
  readonly links?: Readonly<Record<string, number>>;
  readonly roles?: Readonly<
    Record<string, { readonly keyids: readonly string[]; readonly threshold: number }>
  >;
  readonly keys?: Readonly<Record<string, string>>;
}

/** What the library of the server reads from each file. */
export function readWithGo(requests: readonly GoRequest[]): Promise<readonly GoReading[]> {
  const input = requests.map(({ file, root, ...rest }) =>
    JSON.stringify({
      ...rest,
      file: Buffer.from(file).toString('base64'),
      ...(root === undefined ? {} : { root: Buffer.from(root).toString('base64') }),
    }),
  );
  return new Promise((resolve, reject) => {
    const child = execFile(asset('gotuf'), ['read'], { maxBuffer: 2 ** 28 }, (error, stdout, stderr) => {
      if (error) {
        reject(new Error(stderr.trim(), { cause: error }));
        return;
      }
      // The program answers each request with one line of this shape.
      resolve(
        stdout
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as GoReading),
      );
    });
    child.stdin?.end(input.join('\n'));
  });
}

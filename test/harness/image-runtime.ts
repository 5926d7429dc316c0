import { readFileSync } from 'node:fs';

/** How the image starts the program. */
export interface ImageRuntime {
  /** Of Node.js. */
  readonly flags: readonly string[];
  /** The program, as its path in the image. */
  readonly program: string;
  /** Variables for the C library's allocator. */
  readonly env: Readonly<Record<string, string>>;
}

/** Reads the Dockerfile, so that tests and measurements run the program with what the image gives it. */
export function imageRuntime(): ImageRuntime {
  const dockerfile = readFileSync('Dockerfile', 'utf8');
  const entrypoint = /^ENTRYPOINT \["\/nodejs\/bin\/node", (.*)\]$/m.exec(dockerfile);
  if (entrypoint === null) {
    throw new Error('The Dockerfile has no ENTRYPOINT that starts Node.js.');
  }
  const args: readonly string[] = JSON.parse(`[${entrypoint[1]}]`);
  const env = Object.fromEntries(
    [...dockerfile.matchAll(/\b(MALLOC_[A-Z_]+)=(\d+)/g)].map(([, name = '', value = '']) => [name, value]),
  );
  return { flags: args.slice(0, -1), program: args.at(-1) ?? '', env };
}

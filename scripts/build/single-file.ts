import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';
import { programOptions, root } from './bundle.ts';
import { buildPage } from './page.ts';

/** The program as one file, and what went into it. */
export interface SingleFile {
  readonly text: string;
  readonly metafile: Pick<Metafile, 'inputs' | 'outputs'>;
}

/**
 * The shell runs the second line, JavaScript takes it for a string and a comment. A Node.js that is too old
 * would stop at the first thing it does not know, and name neither itself nor the version that is needed.
 * What Node.js has compiled is kept for the next start, where only this user can write.
 */
const start = `#!/bin/sh
":" //; n=$(node --version 2>/dev/null | sed -n 's/^v\\([0-9]*\\).*/\\1/p'); [ "\${n:-0}" -ge 24 ] || { echo "tuf-recovery needs Node.js 24 or newer on PATH. Install it: https://nodejs.org" >&2; exit 1; }; [ -n "\${NODE_COMPILE_CACHE+set}" ] || [ ! -d "\${HOME:-}" ] || export NODE_COMPILE_CACHE="\${XDG_CACHE_HOME:-$HOME/.cache}/tuf-recovery-operator/compiled"; export TUF_RECOVERY_LAUNCHER="\${0##*/}"; exec node "$0" "$@"
`;

/** Only modules of Node.js are required, so any path will do. A worker started from a text has none. */
const requireFrom = 'process.execPath';

/**
 * Bundles the program with its worker, its scripts and the page of the dashboard into one text, which is both
 * a shell script and an ES module: `tuf-recovery.mjs` needs Node.js and nothing else.
 */
export async function singleFile(): Promise<SingleFile> {
  const worker = await bundled('src/tuf/verify/verify.worker.ts', []);
  const page = await builtPage();
  const files = new Map([
    ['verify.worker.js', worker.text],
    ...(await textsIn(join(root, 'src', 'redis', 'scripts'), 'scripts')),
    ...page.files,
  ]);
  const program = await bundled('src/cli/main.ts', [embedding(files)]);
  const parts = [program, worker, page].map(({ metafile }) => metafile);
  return {
    text: start + program.text,
    metafile: {
      inputs: Object.assign({}, ...parts.map(({ inputs }) => inputs)),
      outputs: Object.assign({}, ...parts.map(({ outputs }) => outputs)),
    },
  };
}

/** Puts the texts where the program looks for them. */
function embedding(files: ReadonlyMap<string, string>): Plugin {
  const contents = `export const embeddedFiles = new Map(${JSON.stringify([...files])});`;
  return {
    name: 'embedded-files',
    setup: ({ onLoad }) => onLoad({ filter: /[\\/]src[\\/]embedded-files\.ts$/ }, () => ({ contents })),
  };
}

async function bundled(
  entryPoint: string,
  plugins: readonly Plugin[],
): Promise<{ readonly text: string; readonly metafile: Metafile }> {
  const options = programOptions(requireFrom);
  const { outputFiles, metafile } = await build({
    ...options,
    entryPoints: [entryPoint],
    outdir: root,
    write: false,
    minifySyntax: true,
    plugins: [...options.plugins, ...plugins],
  });
  return { text: outputFiles[0]?.text ?? '', metafile };
}

async function builtPage(): Promise<{
  readonly files: ReadonlyMap<string, string>;
  readonly metafile: Metafile;
}> {
  const directory = await mkdtemp(join(tmpdir(), 'tuf-recovery-page-'));
  try {
    const metafile = await buildPage(directory);
    return { files: await textsIn(directory, 'dashboard'), metafile };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The files of a folder, under the path they have beside the program. */
async function textsIn(directory: string, prefix: string): Promise<ReadonlyMap<string, string>> {
  const names = (await readdir(directory)).sort();
  const texts = names.map(async (name) => {
    return [`${prefix}/${name}`, await readFile(join(directory, name), 'utf8')] as const;
  });
  return new Map(await Promise.all(texts));
}

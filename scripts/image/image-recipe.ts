import { cp, mkdir } from 'node:fs/promises';
import { join, posix, relative } from 'node:path';
import type { Instruction, Stage } from './dockerfile.ts';
import type { RunConfig } from './oci.ts';

/** What the last stage of the Dockerfile adds to its base. */
export interface Recipe {
  readonly config: RunConfig;
  /** In the order of the file; `stage` is undefined for sources of the repository. */
  readonly copies: readonly {
    readonly stage: string | undefined;
    readonly from: string;
    readonly to: string;
  }[];
}

/**
 * @param stage the last stage of the Dockerfile
 * @param base how its base image runs; what the stage does not set is inherited
 * @throws Error on an instruction that an image without Docker can't follow, RUN above all
 */
export function readRecipe(stage: Stage, base: RunConfig): Recipe {
  const copies: Recipe['copies'][number][] = [];
  let config = base;
  for (const { keyword, argument, flags, line } of stage.instructions) {
    switch (keyword) {
      case 'COPY': {
        const [from = '', to = '', ...more] = argument.split(/\s+/);
        if (more.length > 0 || !to.startsWith('/')) {
          throw notUnderstood(line, keyword);
        }
        copies.push({ stage: flags['from'], from, to });
        break;
      }
      case 'ENV':
        config = { ...config, Env: withVariables(config.Env ?? [], assignments(argument)) };
        break;
      case 'LABEL':
        config = { ...config, Labels: { ...config.Labels, ...assignments(argument) } };
        break;
      case 'USER':
        config = { ...config, User: argument };
        break;
      case 'WORKDIR':
        config = { ...config, WorkingDir: argument };
        break;
      case 'ENTRYPOINT': {
        // A new entry point forgets the command of the base.
        const { Cmd: _, ...rest } = config;
        config = { ...rest, Entrypoint: words(argument, line) };
        break;
      }
      case 'CMD':
        config = { ...config, Cmd: words(argument, line) };
        break;
      default:
        throw notUnderstood(line, keyword);
    }
  }
  return { config, copies };
}

/**
 * Lays out what the copies put into the image below a directory.
 *
 * @param stages directories of the stages that are copied from, each its WORKDIR
 */
export async function applyCopies(
  { copies }: Recipe,
  repository: string,
  stages: Readonly<Record<string, { readonly workdir: string; readonly directory: string }>>,
  root: string,
): Promise<void> {
  for (const { stage, from, to } of copies) {
    const built = stage === undefined ? undefined : stages[stage];
    if (stage !== undefined && built === undefined) {
      throw new Error(`The Dockerfile has no stage ${stage}.`);
    }
    const source =
      built === undefined ? join(repository, from) : join(built.directory, relative(built.workdir, from));
    const target = join(root, to);
    await mkdir(posix.dirname(target), { recursive: true });
    await cp(source, target, { recursive: true });
  }
}

/** The directory that a stage's relative paths mean. */
export function workdirOf({ instructions }: Stage): string {
  return instructions.findLast(({ keyword }) => keyword === 'WORKDIR')?.argument ?? '/';
}

/** `A=1 B="two words"` → A → 1, B → two words. */
function assignments(argument: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [, name = '', quoted, plain = ''] of argument.matchAll(/([\w.]+)=(?:"([^"]*)"|(\S*))/g)) {
    found[name] = quoted ?? plain;
  }
  return found;
}

function withVariables(
  present: readonly string[],
  added: Readonly<Record<string, string>>,
): readonly string[] {
  const kept = present.filter((each) => !Object.hasOwn(added, each.replace(/=.*$/s, '')));
  return [...kept, ...Object.entries(added).map(([name, value]) => `${name}=${value}`)];
}

/** The exec form only: the shell form needs a shell, and the image has none. */
function words(argument: string, line: number): readonly string[] {
  const parsed: unknown = argument.startsWith('[') ? JSON.parse(argument) : undefined;
  if (!Array.isArray(parsed) || !parsed.every((word): word is string => typeof word === 'string')) {
    throw new Error(`Dockerfile:${line}: expected a JSON list of words; the image has no shell.`);
  }
  return parsed;
}

function notUnderstood(line: number, keyword: Instruction['keyword']): Error {
  return new Error(
    `Dockerfile:${line}: ${keyword} in this form can't be followed without Docker. Teach scripts/image/image-recipe.ts what it does.`,
  );
}

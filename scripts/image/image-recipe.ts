import { cp, mkdir } from 'node:fs/promises';
import { join, posix, relative } from 'node:path';
import type { Instruction, Stage } from './dockerfile.ts';
import type { RunConfig } from './oci.ts';

/** A COPY of the last stage. */
interface Copy {
  /** The stage it copies from; undefined: the repository. */
  readonly stage: string | undefined;
  readonly from: string;
  /** Absolute. */
  readonly to: string;
}

/**
 * How the image runs.
 *
 * @param stage the last stage of the Dockerfile
 * @param base how its base image runs; what the stage does not set is inherited
 * @throws Error on an instruction that an image without Docker can't follow, RUN above all
 */
export function runConfigOf(stage: Stage, base: RunConfig): RunConfig {
  let config = base;
  for (const { keyword, argument, line } of stage.instructions) {
    switch (keyword) {
      case 'COPY':
        break;
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
  return config;
}

function copiesOf(stage: Stage): readonly Copy[] {
  return stage.instructions
    .filter(({ keyword }) => keyword === 'COPY')
    .map(({ argument, flags, line }) => {
      const [from = '', to = '', ...more] = argument.split(/\s+/);
      if (more.length > 0 || !to.startsWith('/')) {
        throw notUnderstood(line, 'COPY');
      }
      return { stage: flags['from'], from, to };
    });
}

/**
 * Lays out what the copies put into the image below a directory.
 *
 * @param last the last stage of the Dockerfile
 * @param stages directories of the stages that are copied from, each its WORKDIR
 */
export async function applyCopies(
  last: Stage,
  repository: string,
  stages: Readonly<Record<string, { readonly workdir: string; readonly directory: string }>>,
  root: string,
): Promise<void> {
  for (const { stage, from, to } of copiesOf(last)) {
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

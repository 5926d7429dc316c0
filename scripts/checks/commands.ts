import type { Command, Option } from 'commander';
import { idleProgram } from './idle-program.ts';
import type { Page } from './markdown.ts';
import type { Problem } from './problem.ts';
import { shellCommands } from './shell-words.ts';

/** What is known of the commands that pages show. */
export interface KnownCommands {
  /** Names of the scripts of package.json. */
  readonly npmScripts: ReadonlySet<string>;
  /** The chart's values, as parsed. */
  readonly chartValues: unknown;
}

/** Every command that would not be understood: of this program and its plugin, `npm run` and `helm --set`. */
export function wrongCommands(pages: ReadonlyMap<string, Page>, known: KnownCommands): readonly Problem[] {
  const program = idleProgram();
  const problems: Problem[] = [];
  for (const [file, { fences }] of pages) {
    for (const { language, code, line: fence } of fences) {
      for (const { words, line } of shellCommands(scriptOf(language, code))) {
        const what = mistake(words, program, known);
        if (what !== undefined) {
          problems.push({ file, line: fence + 1 + line, what });
        }
      }
    }
  }
  return problems;
}

/**
 * A console block shows commands behind `$`, and their output. Blank lines keep the numbers of lines right.
 */
function scriptOf(language: string, code: string): string {
  if (language === 'sh') {
    return code;
  }
  if (language !== 'console') {
    return '';
  }
  return code
    .split('\n')
    .map((line) => (line.startsWith('$ ') ? line.slice(2) : ''))
    .join('\n');
}

function mistake(words: readonly string[], program: Command, known: KnownCommands): string | undefined {
  const [command = '', first = '', ...rest] = words;
  if (/(^|\/)tuf-recovery$/.test(command)) {
    return mistakeInProgram(words.slice(1), program, 'tuf-recovery');
  }
  if (command === 'kubectl' && first === 'tuf-recovery') {
    return mistakeInProgram(rest, program, 'kubectl tuf-recovery');
  }
  if (command === 'npm' && first === 'run') {
    const [script = ''] = rest;
    return known.npmScripts.has(script) ? undefined : `package.json has no script "${script}"`;
  }
  return command === 'helm' ? unknownValue(words, known.chartValues) : undefined;
}

function mistakeInProgram(words: readonly string[], program: Command, name: string): string | undefined {
  // `[options]` marks a line that says how a command is used, not how it was.
  if (words.includes('[options]')) {
    return undefined;
  }
  let command = program;
  let positional = 0;
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (word === '…') {
      continue;
    }
    if (word.startsWith('-') && word !== '-') {
      const [flag = '', value] = word.split(/=(.*)/s);
      const option = command.options.find((each) => each.long === flag || each.short === flag);
      if (option === undefined && !['--help', '-h'].includes(flag)) {
        return `${name} has no flag ${flag}`;
      }
      if (option === undefined || option.isBoolean()) {
        continue;
      }
      // Only a value that is spelled out can be held against what is allowed.
      if (value === undefined) {
        index += 1;
      }
      const given = value ?? words[index];
      if (given === undefined) {
        return `${name} ${flag} needs a value`;
      }
      const wrong = wrongChoice(option, given);
      if (wrong !== undefined) {
        return `${name} ${flag}: ${wrong}`;
      }
      continue;
    }
    const subcommand = command.commands.find((each) => each.name() === word);
    if (subcommand !== undefined) {
      command = subcommand;
      name += ` ${word}`;
    } else if (command.commands.length > 0) {
      return `${name} has no command ${word}`;
    } else {
      positional += 1;
    }
  }
  const most = command.registeredArguments.length;
  return positional > most ? `${name} takes ${most} arguments, not ${positional}` : undefined;
}

function wrongChoice({ argChoices }: Option, value: string): string | undefined {
  if (argChoices === undefined || value.includes('$') || argChoices.includes(value)) {
    return undefined;
  }
  return `"${value}" is none of ${argChoices.join(', ')}`;
}

/**
 * `--set a.b[0].c=…`: a path that the chart's values do not have. Inside lists and free maps anything goes.
 */
function unknownValue(words: readonly string[], values: unknown): string | undefined {
  for (const [index, word] of words.entries()) {
    const setting = word.startsWith('--set=')
      ? word.slice(6)
      : word === '--set'
        ? words[index + 1]
        : undefined;
    const [path = ''] = setting?.split('=') ?? [];
    let place: unknown = values;
    for (const step of path === '' ? [] : path.replaceAll(/\[\d+\].*/g, '').split('.')) {
      if (typeof place !== 'object' || place === null || Object.keys(place).length === 0) {
        break;
      }
      if (!Object.hasOwn(place, step)) {
        return `the chart has no value ${path}`;
      }
      place = Object.entries(place).find(([key]) => key === step)?.[1];
    }
  }
  return undefined;
}

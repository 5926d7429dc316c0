import type { Argument, Command, Option } from 'commander';
import { helpCommand } from '../help-command.ts';

/** Something that may be typed next, and what it is. */
export interface Candidate {
  readonly value: string;
  readonly description: string;
}

/** Names that only the cluster knows. */
export type ClusterNameKind = 'runs' | 'apps' | 'runsAndApps' | 'targets' | 'policies';

/** What may be typed at the end of a command line. */
export interface Completion {
  readonly candidates: readonly Candidate[];
  /** Names to ask the cluster for, beside the candidates. */
  readonly names?: ClusterNameKind;
  /** Flags typed so far that say which cluster. */
  readonly cluster: Readonly<Record<string, string>>;
  /** The shell completes file names. */
  readonly files: boolean;
}

const clusterFlags = ['--namespace', '--context', '--kubeconfig'];

/**
 * What may be typed in place of the last word.
 *
 * @param words of the command line, without the program; the last one is being typed and may be empty
 */
export function complete(program: Command, words: readonly string[]): Completion {
  const [current = '', ...before] = unsplit(words).toReversed();
  const typed = walk(program, before.toReversed());
  const { command, cluster, positional, pending } = typed;
  if (pending !== undefined) {
    return valuesOf(pending, current, cluster);
  }
  const [, flag, start] = /^(--[^=]+)=(.*)$/s.exec(current) ?? [];
  const option = flag === undefined ? undefined : optionOf(command, flag);
  if (option !== undefined) {
    const completion = valuesOf(option, start ?? '', cluster);
    const values = completion.candidates.map((each) => ({ ...each, value: `${flag}=${each.value}` }));
    return { ...completion, candidates: values };
  }
  if (current.startsWith('-')) {
    return { candidates: flagsOf(command, current), cluster, files: false };
  }
  if (command.name() === helpCommand) {
    const named = commandBelow(program, before.toReversed().slice(1));
    return { candidates: named === undefined ? [] : commandsOf(named, current), cluster, files: false };
  }
  if (command.commands.length > 0) {
    return { candidates: commandsOf(command, current), cluster, files: false };
  }
  return argumentValues(command.registeredArguments[positional], current, cluster);
}

/** Undefined when there is none of that name. */
function commandBelow(program: Command, names: readonly string[]): Command | undefined {
  return names.reduce<Command | undefined>(
    (command, name) => command?.commands.find((each) => each.name() === name),
    program,
  );
}

function commandsOf(command: Command, start: string): readonly Candidate[] {
  const visible = command.createHelp().visibleCommands(command);
  return visible
    .filter((each) => each.name().startsWith(start))
    .map((each) => ({
      value: each.name(),
      description: firstLine(each.summary() || each.description()),
    }));
}

interface Typed {
  readonly command: Command;
  readonly cluster: Readonly<Record<string, string>>;
  /** How many arguments that are no flags stand behind the command. */
  readonly positional: number;
  /** A flag that still lacks its value. */
  readonly pending: Option | undefined;
}

function walk(program: Command, words: readonly string[]): Typed {
  let command = program;
  let positional = 0;
  let pending: Option | undefined;
  const cluster: Record<string, string> = {};
  for (const word of words) {
    if (pending !== undefined) {
      remember(cluster, pending, word);
      pending = undefined;
      continue;
    }
    if (word.startsWith('-')) {
      const [, name = word, value] = /^(--[^=]+)=(.*)$/s.exec(word) ?? [];
      const option = optionOf(command, name);
      if (option !== undefined && value !== undefined) {
        remember(cluster, option, value);
      }
      pending = option?.required === true && value === undefined ? option : undefined;
      continue;
    }
    const below = command.commands.find((each) => each.name() === word);
    positional = below === undefined ? positional + 1 : 0;
    command = below ?? command;
  }
  return { command, cluster, positional, pending };
}

function remember(cluster: Record<string, string>, { long }: Option, value: string): void {
  if (long !== undefined && long !== null && clusterFlags.includes(long)) {
    cluster[long.slice(2)] = value;
  }
}

/** Bash splits words at `=`. */
function unsplit(words: readonly string[]): readonly string[] {
  const joined: string[] = [];
  for (const word of words) {
    const last = joined.at(-1);
    if (last !== undefined && (word === '=' || /^--[^=]+=$/.test(last))) {
      joined[joined.length - 1] = last + word;
    } else {
      joined.push(word);
    }
  }
  return joined;
}

function optionOf(command: Command, name: string): Option | undefined {
  return command.options.find(({ long, short }) => long === name || short === name);
}

function flagsOf(command: Command, start: string): readonly Candidate[] {
  return command.options
    .filter(({ hidden, long }) => !hidden && long?.startsWith(start) === true)
    .map(({ long, description }) => ({ value: long ?? '', description: firstLine(description) }));
}

function valuesOf(option: Option, start: string, cluster: Typed['cluster']): Completion {
  const choices = (option.argChoices ?? []).filter((choice) => choice.startsWith(start));
  return {
    candidates: choices.map((value) => ({ value, description: '' })),
    cluster,
    files: /<(file|dir|source)>/.test(option.flags),
    ...(option.long === '--target' && { names: 'targets' as const }),
  };
}

function argumentValues(
  argument: Argument | undefined,
  start: string,
  cluster: Typed['cluster'],
): Completion {
  const choices = (argument?.argChoices ?? []).filter((choice) => choice.startsWith(start));
  const names = namesOf(argument);
  return {
    candidates: choices.map((value) => ({ value, description: '' })),
    cluster,
    files: argument !== undefined && /^(source|trusted-root|file)$/.test(argument.name()),
    ...(names !== undefined && { names }),
  };
}

function namesOf(argument: Argument | undefined): ClusterNameKind | undefined {
  switch (argument?.name()) {
    case 'admin/app':
      return 'apps';
    case 'name':
      return 'runs';
    case 'name|admin/app':
      return 'runsAndApps';
    case 'policy':
      return 'policies';
    default:
      return undefined;
  }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}

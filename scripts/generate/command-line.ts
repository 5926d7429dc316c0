import { readFile } from 'node:fs/promises';
import type { Argument, Command, Option } from 'commander';
import { commandExamples } from '../../src/cli/examples.ts';
import { commandExitCodes } from '../../src/cli/exit-codes.ts';
import { idleProgram } from '../checks/idle-program.ts';
import { manPage } from './man-page.ts';
import { schemaOfCommand } from './output-schemas.ts';

const prose = new URL('prose/command-line.md', import.meta.url);

const alike: Readonly<Record<64 | 130, string>> = {
  64: 'the command line or the environment is wrong; nothing was done',
  130: 'interrupted by Ctrl-C or SIGTERM; a run in the cluster continues; without Kubernetes Redis holds the old or the new state',
};

/** A row for each command and code; what means the same everywhere comes last. */
function exitCodeTable(): string {
  const rows = Object.entries(commandExitCodes).flatMap(([command, codes]) =>
    Object.entries(codes).map(([code, meaning]) => `| \`${command}\` | ${code} | ${meaning} |\n`),
  );
  const everywhere = Object.entries(alike).map(
    ([code, meaning]) => `| every command | ${code} | ${meaning} |\n`,
  );
  return `| command | code | meaning |\n| --- | --- | --- |\n${[...rows, ...everywhere].join('')}`;
}

/**
 * The reference page of the command line: hand-written chapters, then every command with its flags as it
 * declares them.
 */
export async function generateCommandLinePage(): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(prose, 'utf8');
  const program = idleProgram();
  const commands = program
    .createHelp()
    .visibleCommands(program)
    .flatMap((command) => describe(command));
  const page = [text.replace('<!-- exit codes -->\n', exitCodeTable()), '\n# Commands\n', ...commands].join(
    '',
  );
  return new Map([
    ['docs/reference/command-line.md', page],
    ['docs/man/tuf-recovery.1', manPage(program)],
  ]);
}

function describe(command: Command, parent = 'tuf-recovery'): string[] {
  const name = `${parent} ${command.name()}`;
  const chapter = [
    `\n## ${name}\n`,
    `\n${command.description()}\n`,
    `\n\`\`\`console\n$ ${name} ${command.usage()}\n\`\`\`\n`,
    examplesOf(command, parent),
    schemaOf(name),
    tableOf('argument', command.registeredArguments.map(argumentRow)),
    tableOf('flag', command.options.filter(({ hidden }) => !hidden).map(optionRow)),
  ];
  return [chapter.join(''), ...command.commands.flatMap((each) => describe(each, name))];
}

function examplesOf(command: Command, parent: string): string {
  const examples = parent === 'tuf-recovery' ? (commandExamples[command.name()] ?? []) : [];
  const lines = examples.map((line) => `$ ${line}\n`).join('');
  return lines === '' ? '' : `\nFor example:\n\n\`\`\`console\n${lines}\`\`\`\n`;
}

/** @param name with the program's */
function schemaOf(name: string): string {
  const schema = schemaOfCommand[name.replace(/^\S+ /, '')];
  return schema === undefined
    ? ''
    : `\nThe JSON it prints has [a schema](schemas/${schema}.schema.json) that names every field.\n`;
}

function tableOf(title: string, rows: readonly string[]): string {
  return rows.length === 0 ? '' : `\n| ${title} | meaning |\n| --- | --- |\n${rows.join('')}`;
}

function argumentRow(argument: Argument): string {
  return `| \`${argument.name()}\` | ${cell(argument.description)} |\n`;
}

function optionRow(option: Option): string {
  const remarks = [
    option.mandatory ? ['required'] : [],
    option.argChoices === undefined ? [] : [option.argChoices.map((choice) => `\`${choice}\``).join(', ')],
    defaultOf(option),
  ].flat();
  const remark = remarks.length === 0 ? '' : ` (${remarks.join('; ')})`;
  return `| \`${cell(option.flags)}\` | ${cell(option.description + remark)} |\n`;
}

function defaultOf({ defaultValue, defaultValueDescription, negate }: Option): string[] {
  if (negate || defaultValue === undefined) {
    return [];
  }
  if (defaultValueDescription !== undefined) {
    return [`default: ${defaultValueDescription}`];
  }
  const empty = Array.isArray(defaultValue) && defaultValue.length === 0;
  return empty || defaultValue instanceof Map ? [] : [`default: \`${String(defaultValue)}\``];
}

/** A `|` would end the cell, and `<x>` would be taken for HTML outside of code. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

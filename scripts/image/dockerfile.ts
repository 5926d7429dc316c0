/**
 * Reads the Dockerfile, which is the only recipe of the image, so that the image can be built and tested
 * where there is no Docker. Understands what that file uses and refuses the rest: an instruction that is
 * skipped in silence would be a difference between the two images.
 */

/** One instruction, its continuation lines joined. */
export interface Instruction {
  /** In capitals. */
  readonly keyword: string;
  /** `--from=build` as `from` → `build`. */
  readonly flags: Readonly<Record<string, string>>;
  /** Everything after keyword and flags. */
  readonly argument: string;
  /** Where it begins, counted from 1. */
  readonly line: number;
}

/** From one FROM to the next. */
export interface Stage {
  /** The base image as written. */
  readonly from: string;
  /** The name after AS. */
  readonly name: string | undefined;
  readonly instructions: readonly Instruction[];
}

/**
 * @param text the content of a Dockerfile
 * @returns its stages in order, at least one
 * @throws Error on an instruction before the first FROM, a heredoc, or when there is no FROM
 */
export function parseDockerfile(text: string): readonly Stage[] {
  const stages: { from: string; name: string | undefined; instructions: Instruction[] }[] = [];
  for (const instruction of instructions(text)) {
    if (instruction.keyword === 'FROM') {
      const [from = '', as, name] = instruction.argument.split(/\s+/);
      if (as !== undefined && as.toUpperCase() !== 'AS') {
        throw unreadable(instruction.line, 'FROM IMAGE [AS NAME]');
      }
      stages.push({ from, name, instructions: [] });
      continue;
    }
    const stage = stages.at(-1);
    if (stage === undefined) {
      throw unreadable(instruction.line, 'FROM first');
    }
    stage.instructions.push(instruction);
  }
  if (stages.length === 0) {
    throw unreadable(1, 'at least one FROM');
  }
  return stages;
}

function instructions(text: string): readonly Instruction[] {
  const found: Instruction[] = [];
  let joined = '';
  let start = 1;
  for (const [index, line] of text.split('\n').entries()) {
    if (/^\s*(#|$)/.test(line)) {
      continue;
    }
    if (joined === '') {
      start = index + 1;
    }
    joined += line.replace(/\\\s*$/, ' ');
    if (/\\\s*$/.test(line)) {
      continue;
    }
    found.push(instruction(joined.trim(), start));
    joined = '';
  }
  if (joined !== '') {
    throw unreadable(start, 'a line after the last backslash');
  }
  return found;
}

function instruction(text: string, line: number): Instruction {
  const [, keyword = '', rest = ''] = /^([A-Za-z]+)\s+(.*)$/s.exec(text) ?? [];
  if (keyword === '' || rest.includes('<<')) {
    throw unreadable(line, 'KEYWORD [--flag=value] ARGUMENT');
  }
  const flags: Record<string, string> = {};
  let argument = rest;
  for (let flag = /^--([a-z]+)=(\S+)\s+/.exec(argument); flag; flag = /^--([a-z]+)=(\S+)\s+/.exec(argument)) {
    const [whole, name = '', value = ''] = flag;
    flags[name] = value;
    argument = argument.slice(whole.length);
  }
  return { keyword: keyword.toUpperCase(), flags, argument, line };
}

function unreadable(line: number, expected: string): Error {
  return new Error(`Dockerfile:${line} can't be read: expected ${expected}.`);
}

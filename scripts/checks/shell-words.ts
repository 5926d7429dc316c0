/** One command of a script, as words without their quotes. */
export interface ShellCommand {
  readonly words: readonly string[];
  /** Line within the script, from 0. */
  readonly line: number;
}

/**
 * The commands of a script, as far as documentation needs it: quotes, `\` at the end of a line, `|`, `&&`,
 * `;`, comments, and here-documents, which are left out. Variables stay as they are written; `$(…)` is one
 * piece of a word.
 */
export function shellCommands(script: string): readonly ShellCommand[] {
  const commands: ShellCommand[] = [];
  const lines = script.split('\n');
  for (let index = 0; index < lines.length; index += 1) {
    const line = index;
    let logical = lines[index] ?? '';
    while (logical.endsWith('\\')) {
      index += 1;
      logical = `${logical.slice(0, -1)} ${(lines[index] ?? '').trim()}`;
    }
    for (const words of commandsOf(logical)) {
      commands.push({ words, line });
    }
    const delimiter = /<<-?\s*['"]?(\w+)/.exec(logical)?.[1];
    if (delimiter !== undefined) {
      do {
        index += 1;
      } while (index < lines.length && lines[index]?.trim() !== delimiter);
    }
  }
  return commands;
}

const token =
  /\s+|#.*$|&&|\|\||[|;&]|(?:\$\((?:[^()]|\([^()]*\))*\)|"(?:\\.|\$\((?:[^()]|\([^()]*\))*\)|[^"\\])*"|'[^']*'|\\.|[^\s|;&"'\\])+/g;

function commandsOf(line: string): readonly (readonly string[])[] {
  const commands: string[][] = [[]];
  for (const [text] of line.matchAll(token)) {
    if (/^(\s|#)/.test(text)) {
      continue;
    }
    if (/^(&&|\|\||[|;&])$/.test(text)) {
      commands.push([]);
    } else {
      commands.at(-1)?.push(unquoted(text));
    }
  }
  // NAME=value in front of a command is its environment.
  return commands
    .map((words) => words.slice(words.findIndex((word) => !/^\w+=/.test(word))))
    .filter((words) => words.length > 0);
}

function unquoted(word: string): string {
  return word.replaceAll(/"((?:\\.|[^"\\])*)"|'([^']*)'/g, (_all, double, single) => double ?? single ?? '');
}

import { type Command, Option } from 'commander';
import type { CommandContext } from '../context.ts';

/** How a result is shown: for people, or for machines. */
export type OutputFormat = 'human' | 'json' | 'yaml';

/** The value of the flag that {@link addOutputOption} adds. */
export interface OutputFlags {
  readonly output: OutputFormat;
}

/** Adds `-o`. */
export function addOutputOption(command: Command): Command {
  return command.addOption(
    new Option('-o, --output <format>', 'how the result is shown')
      .choices(['human', 'json', 'yaml'])
      .default('human'),
  );
}

/**
 * Writes a result in the format asked for. `human` makes the text for people; it is called only when needed.
 */
export async function writeResult(
  context: CommandContext,
  format: OutputFormat,
  result: unknown,
  human: () => string,
): Promise<void> {
  context.stdout.write(await render(format, result, human));
}

/** TypeScript's library does not know this part of ECMAScript yet. */
const { rawJSON } = JSON as typeof JSON & { readonly rawJSON: (text: string) => unknown };

/** Replacer: JSON has integers of any size, JSON.stringify writes only those that a number holds. */
function exactIntegers(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? rawJSON(String(value)) : value;
}

async function render(format: OutputFormat, result: unknown, human: () => string): Promise<string> {
  if (format === 'human') {
    return human();
  }
  if (format === 'json') {
    return `${JSON.stringify(result, exactIntegers, 2)}\n`;
  }
  const { stringify } = await import('./yaml.ts');
  return stringify(result);
}

import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';

const help = { help: { type: 'boolean', short: 'h' } } as const;

/**
 * The flags that a script was given. Ends the process with 0 after showing `usage` for `--help`, and with 64
 * for anything that `options` does not know.
 */
export function readFlags<T extends ParseArgsOptionsConfig>(options: T, usage: string) {
  if (parseArgs({ options: help, strict: false }).values.help === true) {
    console.log(usage);
    process.exit(0);
  }
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${usage}`);
    process.exit(64);
  }
}

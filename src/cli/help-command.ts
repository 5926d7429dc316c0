import type { Command } from 'commander';
import { closestName } from '../recovery/overrides/closest-name.ts';

/** The name of the command that {@link registerHelp} adds. */
export const helpCommand = 'help';

/**
 * `help [COMMAND]`, which people try first. Commander's own would answer to the name of a command that does
 * not exist with the help of the program.
 */
export function registerHelp(program: Command): void {
  program
    .command(`${helpCommand} [command...]`, { hidden: true })
    .action((names: readonly string[]) => commandNamed(program, names).help());
}

function commandNamed(program: Command, names: readonly string[]): Command {
  let command = program;
  for (const [index, name] of names.entries()) {
    const below = command.commands.find((each) => each.name() === name);
    if (below === undefined) {
      const visible = command.createHelp().visibleCommands(command);
      const path = names.slice(0, index + 1).join(' ');
      const closest = closestName(
        name,
        visible.map((each) => each.name()),
      );
      const hint = closest === undefined ? '' : `\n(Did you mean ${closest}?)`;
      return program.error(`error: unknown command '${path}'${hint}`);
    }
    command = below;
  }
  return command;
}

import { Command, type ParseOptionsResult } from 'commander';
import { closestName } from '../recovery/overrides/closest-name.ts';

/** No flag of any command is nearly as long; what is longer has no near name. */
const maxFlagLength = 100;

/**
 * A command that names an unknown flag before anything else that is wrong. Commander would first ask for a
 * required flag, which may be the very one that was misspelled.
 */
export class StrictCommand extends Command {
  #allowsUnknown = false;

  override createCommand(name?: string): Command {
    return new StrictCommand(name);
  }

  override allowUnknownOption(allow = true): this {
    this.#allowsUnknown = allow;
    return super.allowUnknownOption(allow);
  }

  override parseOptions(argv: string[]): ParseOptionsResult {
    const parsed = super.parseOptions(argv);
    // Above a command with others below, the rest may be theirs. Help is asked for with a flag of its own.
    const asksForHelp = parsed.unknown.some((each) => each === '-h' || each === '--help');
    const [unknown] = parsed.unknown;
    if (unknown !== undefined && this.commands.length === 0 && !asksForHelp && !this.#allowsUnknown) {
      this.#refuse(unknown);
    }
    return parsed;
  }

  #refuse(argument: string): never {
    // The value behind the flag may be a secret.
    const [flag = ''] = argument.split('=', 1);
    const names = this.createHelp()
      .visibleOptions(this)
      .flatMap(({ long }) => long ?? []);
    const closest = flag.length > maxFlagLength ? undefined : closestName(flag, names);
    const hint = closest === undefined ? '' : `\n(Did you mean ${closest}?)`;
    return this.error(`error: unknown option '${flag}'${hint}`, { code: 'commander.unknownOption' });
  }
}

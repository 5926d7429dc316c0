import { Command, CommanderError } from 'commander';
import packageJSON from '../../package.json' with { type: 'json' };
import { RecoveryError } from '../errors.ts';
import { redactURLs } from '../observability/redact-urls.ts';
import { registerCheck } from './check/register.ts';
import { registerConformance } from './commands/conformance.ts';
import { registerController } from './commands/controller.ts';
import { registerPlan } from './commands/plan.ts';
import { registerRecover } from './commands/recover.ts';
import { registerShim } from './commands/shim.ts';
import { registerVerify } from './commands/verify.ts';
import { registerCompletion } from './completion/register.ts';
import type { CommandContext, RegisterCommand } from './context.ts';
import { commandExamples } from './examples.ts';
import { type ExitCode, exitCodes, exitCodesText } from './exit-codes.ts';
import { registerClusterCommands } from './kubectl/register.ts';
import { registerTarget } from './kubectl/target/register.ts';

/** Every command, in the order of --help. */
const commands: readonly RegisterCommand[] = [
  registerVerify,
  registerPlan,
  registerRecover,
  registerCheck,
  registerClusterCommands,
  registerTarget,
  registerController,
  registerShim,
  registerConformance,
  registerCompletion,
];

/**
 * Runs one command line (without node and script) to its end. Decides the exit code; never exits and never
 * throws.
 */
export async function runProgram(args: readonly string[], context: CommandContext): Promise<void> {
  try {
    await createProgram(context).parseAsync(args, { from: 'user' });
  } catch (error) {
    report(error, context);
  }
}

/** The program with every command; the reference page is generated from it. */
export function createProgram(context: CommandContext): Command {
  const program = new Command('tuf-recovery')
    .description(packageJSON.description)
    .version(packageJSON.version, '--version')
    .helpCommand(false)
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(redactURLs(text)),
    })
    .showHelpAfterError('Run with --help to see what is allowed.');
  // Each command inherits the settings above.
  for (const register of commands) {
    register(program, context);
  }
  for (const command of program.createHelp().visibleCommands(program)) {
    const examples = (commandExamples[command.name()] ?? []).map((line) => `  ${line}\n`).join('');
    for (const each of [command, ...command.commands]) {
      each.addHelpText('after', `\nExamples:\n${examples}\n${exitCodesText(command.name())}`);
    }
  }
  return program;
}

/** An abort of which the person is the cause is no failure. */
function exitCodeOf(error: RecoveryError, { signal }: CommandContext): ExitCode {
  if (error.code === 'InvalidInput') {
    return exitCodes.usage;
  }
  return error.code === 'Aborted' && signal.aborted ? exitCodes.interrupted : exitCodes.failed;
}

function report(error: unknown, context: CommandContext): void {
  if (error instanceof CommanderError) {
    // Commander has written its message. Asking for help or the version is no error.
    context.exit(error.exitCode === 0 ? exitCodes.done : exitCodes.usage);
  } else if (error instanceof RecoveryError) {
    context.stderr.write(`error: ${error.message}\n`);
    context.exit(exitCodeOf(error, context));
  } else {
    // A programmer error: the stack is what a report of it needs.
    context.stderr.write(`internal error: ${error instanceof Error ? error.stack : String(error)}\n`);
    context.exit(exitCodes.failed);
  }
}

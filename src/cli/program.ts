import { type Command, CommanderError } from 'commander';
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
import { type ExitCode, exitCodes, exitCodesOf } from './exit-codes.ts';
import { registerHelp } from './help-command.ts';
import { registerClusterCommands } from './kubectl/register.ts';
import { registerTarget } from './kubectl/target/register.ts';
import { wrapText } from './output/wrap.ts';
import { StrictCommand } from './strict-command.ts';

/** Every command, in the order and under the headings of --help. */
const commands: readonly (readonly [heading: string, registrations: readonly RegisterCommand[]])[] = [
  ['Without Kubernetes:', [registerVerify, registerPlan, registerRecover]],
  ['For a cluster, also as kubectl tuf-recovery:', [registerCheck, registerClusterCommands, registerTarget]],
  ['What runs in the cluster:', [registerController, registerShim]],
  ['Other commands:', [registerConformance, registerCompletion]],
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
  const program = new StrictCommand(context.startedAs)
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
  for (const [heading, registrations] of commands) {
    program.commandsGroup(heading);
    for (const register of registrations) {
      register(program, context);
    }
  }
  for (const command of program.createHelp().visibleCommands(program)) {
    for (const each of [command, ...command.commands]) {
      each.addHelpText('after', () => examplesAndExitCodes(command.name(), context));
    }
  }
  registerHelp(program);
  return program;
}

/** The end of the help of a command and of those below it. */
function examplesAndExitCodes(command: string, { columns, startedAs }: CommandContext): string {
  // They are written for documents, where each command has the name that most people start it by.
  const examples = (commandExamples[command] ?? [])
    .map((line) => `  ${line.replace(/^(?:kubectl )?tuf-recovery /, `${startedAs} `)}\n`)
    .join('');
  const indent = '  130  '.length;
  const codes = exitCodesOf(command).map(
    ([code, meaning]) => `  ${code.padEnd(indent - 2)}${wrapText(meaning, indent, columns).slice(indent)}`,
  );
  return `\nExamples:\n${examples}\nExit codes:\n${codes.join('').trimEnd()}`;
}

/** An abort of which the person is the cause is no failure. */
function exitCodeOf(error: RecoveryError, { signal }: CommandContext): ExitCode {
  if (error.code === 'InvalidInput') {
    return exitCodes.usage;
  }
  if (error.code === 'DeadlineExceeded') {
    return exitCodes.timedOut;
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

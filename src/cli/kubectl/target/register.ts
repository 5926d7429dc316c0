import type { Command } from 'commander';
import type { CommandContext } from '../../context.ts';
import { addOutputOption } from '../../output/output.ts';
import { addConnectionOptions } from '../connection-options.ts';

/** Adds `target create`. */
export function registerTarget(program: Command, context: CommandContext): void {
  const target = program.command('target').description('make the RecoveryTarget of an installation');
  const create = target
    .command('create')
    .summary('create it and its Secrets, which are shown first')
    .description(
      "Create the RecoveryTarget and its Secrets from the server's own configuration and a trusted root. " +
        'What will be applied is shown first.',
    )
    .argument('<name>', 'name of the new RecoveryTarget, for example default')
    .requiredOption('--root <file>', 'a trusted N.root.json, as your clients ship it: its sha256 is pinned')
    .option('--env-file <file>', "the server's .env; by default the environment of this process")
    .option(
      '--app <admin/app>',
      'the app whose root it is; may be repeated; by default every app of the bucket',
      (app: string, sofar: readonly string[] = []) => [...sofar, app],
    )
    .option('--read-only', 'verify only, never write (accessMode: ReadOnly)')
    .option(
      '--dry-run',
      'print the manifests and apply nothing; with -o yaml or json the Secrets are complete',
    )
    .option('-y, --yes', 'apply without a question');
  addOutputOption(addConnectionOptions(create)).action(async (name, flags) =>
    (await import('./create-target.ts')).createTargetCommand(name, flags, context),
  );
}

import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { addRecoveryOptions, type RecoveryFlags } from '../options/recovery-options.ts';

/** `tuf-recovery recover`: the engine without Kubernetes. */
export function registerRecover(program: Command, context: CommandContext): void {
  const command = program
    .command('recover')
    .summary('rebuild the lost bootstrap state of an app in Redis')
    .description(
      'Verify the signed metadata of an app, work out which settings are lost in Redis, write them in one atomic step ' +
        'and prove it by reading them back. What survived is never rewritten.',
    );
  addRecoveryOptions(command)
    .option('--always', 'plan every setting again, also those that are present and valid')
    .option('--approve <digest>', 'apply only exactly this plan, as `plan` printed its digest')
    .action(async (flags: RecoveryFlags) => {
      const { runRecovery } = await import('./run-recovery.ts');
      context.exit(await runRecovery('Recover', flags, context));
    });
}

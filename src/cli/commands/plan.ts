import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { addRecoveryOptions, type RecoveryFlags } from '../options/recovery-options.ts';

/** `tuf-recovery plan`: what `recover` would do, without doing it. */
export function registerPlan(program: Command, context: CommandContext): void {
  const command = program
    .command('plan')
    .summary('show what recover would write, and write nothing')
    .description(
      'Verify the signed metadata of an app, compare it with Redis and show what a recovery would write. Nothing is written.',
    );
  addRecoveryOptions(command).action(async (flags: RecoveryFlags) => {
    const { runRecovery } = await import('./run-recovery.ts');
    context.exit(await runRecovery('Verify', flags, context));
  });
}

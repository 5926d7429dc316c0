import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { addStorageOptions } from '../options/storage-options.ts';
import { addTrustOptions } from '../options/trust-options.ts';
import type { VerifyFlags } from '../options/verify-flags.ts';
import { addOutputOption } from '../output/output.ts';

/** `tuf-recovery verify SOURCE`: is this repository what its trusted root says? Reads only. */
export function registerVerify(program: Command, context: CommandContext): void {
  const command = program
    .command('verify')
    .summary('verify a TUF repository from a trusted root down to every delegated role')
    .description(
      'Verify a TUF repository at rest, from a trusted root down to every delegated role. Nothing is written.',
    )
    .argument('<source>', 'a directory, or s3://bucket/prefix');
  addOutputOption(addStorageOptions(addTrustOptions(command))).action(
    async (source: string, flags: VerifyFlags) => {
      const { runVerify } = await import('./run-verify.ts');
      context.exit(await runVerify(source, flags, context));
    },
  );
}

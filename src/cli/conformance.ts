import type { Command } from 'commander';
import type { CommandContext } from './context.ts';

/** Flags of `conformance`, given before its sub-command as the suite's protocol wants. */
export interface ConformanceFlags {
  readonly metadataDir: string;
  readonly metadataUrl?: string;
  readonly targetName?: readonly string[];
  readonly targetBaseUrl?: string;
  readonly targetDir?: string;
}

/** `tuf-recovery conformance`: the verifier as the client under test of the TUF conformance suite. */
export function registerConformance(program: Command, context: CommandContext): void {
  const conformance = program
    .command('conformance')
    .summary('act as a TUF client for the TUF conformance suite')
    .description(
      'Speaks the client protocol of theupdateframework/tuf-conformance, so that anybody can hold this verifier against ' +
        'the suite. Not meant as a TUF client for anything else.\n\nExit codes: 0 on success, 1 when something was refused.',
    )
    .requiredOption('--metadata-dir <dir>', 'where trusted metadata is kept, unversioned and byte for byte')
    .option('--metadata-url <url>', 'the mirror of the repository’s metadata')
    .option(
      '--target-name <path>',
      'artifact to download; repeatable',
      (name: string, names: string[]) => [...names, name],
      [],
    )
    .option('--target-base-url <url>', 'where artifacts are downloaded from')
    .option('--target-dir <dir>', 'where artifacts are stored');
  conformance
    .command('init <trusted-root>')
    .description('store the initial trusted root')
    .action(async (trustedRoot: string) => {
      const { initialise } = await import('./conformance-client.ts');
      await initialise(conformance.opts<ConformanceFlags>(), trustedRoot);
    });
  conformance
    .command('refresh')
    .description('bring the top-level metadata up to date')
    .action(async () => {
      const { refresh } = await import('./conformance-client.ts');
      await refresh(conformance.opts<ConformanceFlags>(), context);
    });
  conformance
    .command('download')
    .description('refresh, then download the artifacts that are named')
    .action(async () => {
      const { download } = await import('./conformance-client.ts');
      await download(conformance.opts<ConformanceFlags>(), context);
    });
}

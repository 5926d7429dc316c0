import { type Command, InvalidArgumentError } from 'commander';
import type { CommandContext } from '../context.ts';
import type { ConformanceFlags } from '../options/conformance-flags.ts';

/** `tuf-recovery conformance`: the verifier as the client under test of the TUF conformance suite. */
export function registerConformance(program: Command, context: CommandContext): void {
  const conformance = program
    .command('conformance')
    .summary('act as a TUF client for the TUF conformance suite')
    .description(
      'Speaks the client protocol of theupdateframework/tuf-conformance, so that this verifier can be tested against ' +
        'the suite. Not meant as a TUF client for anything else.',
    )
    .requiredOption(
      '--metadata-dir <dir>',
      'where trusted metadata is kept, unversioned and byte for byte',
      given,
    )
    .option(
      '--metadata-url <url>',
      "the mirror of the repository's metadata; refresh and download need it",
      url,
    )
    .option(
      '--target-name <path>',
      'artifact to download; repeatable; download needs it',
      (name: string, names: readonly string[] = []) => [...names, given(name)],
    )
    .option('--target-base-url <url>', 'where artifacts are downloaded from; download needs it', url)
    .option('--target-dir <dir>', 'where artifacts are stored; download needs it', given)
    // The suite puts the flags before its command or after it.
    .enablePositionalOptions(false);
  conformance
    .command('init <trusted-root>')
    .description('store the initial trusted root, a file that the owner of the repository distributes')
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

function given(text: string): string {
  if (text === '') {
    throw new InvalidArgumentError('It must not be empty.');
  }
  return text;
}

function url(text: string): string {
  const { protocol, username, password } = URL.canParse(text) ? new URL(text) : {};
  if ((protocol === 'http:' || protocol === 'https:') && username === '' && password === '') {
    return text;
  }
  throw new InvalidArgumentError('Give an http:// or https:// URL without user and password.');
}

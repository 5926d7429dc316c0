import { type Command, Option } from 'commander';
import type { CommandContext } from '../context.ts';
import { addConnectionOptions } from '../kubectl/connection-options.ts';
import { addRedisOptions } from '../options/redis-options.ts';
import { addStorageOptions } from '../options/storage-options.ts';
import { addTrustOptions } from '../options/trust-options.ts';
import { addOutputOption } from '../output/output.ts';
import type { CheckFlags } from './check-flags.ts';

/** `check [ADMIN/APP]`: everything a recovery needs, checked before it is needed. */
export function registerCheck(program: Command, context: CommandContext): void {
  const command = program
    .command('check')
    .summary('check everything a recovery needs, and say how to fix what is wrong')
    .description(
      'Check everything a recovery needs, one line each, and say how to fix what is wrong. Nothing is written.\n\n' +
        'In a cluster: API server, CRDs, controller, rights, target and what the controller knows of Redis and the bucket. ' +
        'With --local, --storage or --redis: Redis and the bucket themselves, from here, without Kubernetes.',
    )
    .argument('[admin/app]', 'also this app; needed without Kubernetes')
    .option('--target <name>', 'the RecoveryTarget; by default that of the app, or "default"')
    .addOption(
      new Option('--local', 'check Redis and the bucket from here, without Kubernetes').conflicts('target'),
    )
    .option(
      '--storage <source>',
      'without Kubernetes: a directory or s3://bucket/prefix; of a whole installation s3://bucket (S3_BUCKET_NAME)',
    );
  addTrustOptions(addStorageOptions(addRedisOptions(addConnectionOptions(command))));
  addOutputOption(command).action(async (app: string | undefined, flags: CheckFlags) => {
    const isLocal = flags.local === true || flags.storage !== undefined || flags.redis !== undefined;
    if (isLocal) {
      const { checkFromHere } = await import('./local/check-from-here.ts');
      context.exit(await checkFromHere(app, flags, context));
    } else {
      const { checkCluster } = await import('./cluster/check-cluster.ts');
      await checkCluster(app, flags, context);
    }
  });
}

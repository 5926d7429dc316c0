import { hostname } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { notificationFormats } from '../../notifications/message.ts';
import { allNotificationTopics, type NotificationTopic } from '../../notifications/topics.ts';
import { logLevels } from '../../observability/log-level.ts';
import type { CommandContext } from '../context.ts';
import type { ControllerFlags } from '../options/controller-flags.ts';
import { parseInteger } from '../options/flag-values.ts';
import { parseListenAddress, parseNameList } from '../options/listen-address.ts';
import { parseShard } from '../options/shard.ts';

/** `tuf-recovery controller`: the operator itself. */
export function registerController(program: Command, context: CommandContext): void {
  program
    .command('controller')
    .summary('run the operator')
    .description(
      'Watch BootstrapRecoveries and RecoveryTargets and bring every run to its end. Uses $KUBECONFIG or ~/.kube/config ' +
        'when there is one, else the service account of the pod.',
    )
    .addOption(
      new Option('--namespaces <names>', 'namespaces to serve, with commas between')
        .argParser(parseNameList)
        .default([], 'all of them'),
    )
    .addOption(
      new Option(
        '--shard <index/count>',
        'serve only one share of the targets, with all that belongs to them: 0/3, 1/3 and 2/3 are three ' +
          'controllers, each with a Lease of its own (default: all of them)',
      ).argParser(parseShard),
    )
    .option('--no-leader-elect', 'run without an election; only safe for a single replica')
    .option(
      '--lease-name <name>',
      'name of the Lease by which replicas elect one leader; by default tuf-recovery-controller, with the shard behind it',
    )
    .option(
      '--lease-namespace <name>',
      'namespace of the Lease; by default that of the pod or the kubeconfig',
    )
    .addOption(
      new Option('--identity <name>', 'name of this replica, unique among them').default(
        defaultIdentity(),
        'host name and process id',
      ),
    )
    .addOption(
      new Option(
        '--ambient-identity-namespaces <names>',
        "namespaces whose targets may use the controller's own cloud identity, with commas between; * allows all",
      )
        .argParser((text) => (text === '*' ? [text] : parseNameList(text)))
        .default([], 'none'),
    )
    .option(
      '--max-concurrent-runs <number>',
      'runs at the same time; one per app in any case',
      parseInteger(1, 256),
      4,
    )
    .addOption(addressOption('--health-address', 'where /healthz and /readyz are served', ':8081'))
    .addOption(addressOption('--metrics-address', 'where /metrics is served', ':8080'))
    .option(
      '--notify-url-file <file>',
      'file with the URL of a webhook to notify, for example a mounted Secret; read for each message (default: none)',
    )
    .addOption(
      new Option('--notify-format <format>', 'form of the messages to the webhook')
        .choices(notificationFormats)
        .default('slack'),
    )
    .addOption(
      new Option(
        '--notify-on <topics>',
        `what to notify of, with commas between: ${allNotificationTopics.join(', ')}`,
      )
        .argParser(parseTopics)
        .default(allNotificationTopics, 'all of them'),
    )
    .addOption(
      new Option('--notify-cluster <name>', 'name of this cluster in the messages').default('', 'none'),
    )
    .option(
      '--shutdown-grace <seconds>',
      'how long runs may take to reach a safe point after SIGTERM',
      parseInteger(1, 600),
      45,
    )
    .addOption(
      new Option('--log-level <level>', 'least severe messages to log').choices(logLevels).default('info'),
    )
    .option('--kubeconfig <file>', 'the kubeconfig')
    .option('--context <name>', 'the context of the kubeconfig to use')
    .action(async (flags: ControllerFlags) => {
      const { runController } = await import('./run-controller.ts');
      await runController(flags, context);
    });
}

function parseTopics(text: string): readonly NotificationTopic[] {
  return text.split(',').map((name) => {
    const topic = allNotificationTopics.find((known) => known === name);
    if (topic === undefined) {
      throw new InvalidArgumentError(
        `Give some of ${allNotificationTopics.join(', ')}, with commas between.`,
      );
    }
    return topic;
  });
}

function addressOption(flag: string, description: string, address: string): Option {
  return new Option(`${flag} <[host]:port>`, description)
    .argParser(parseListenAddress)
    .default(parseListenAddress(address), address);
}

/** The pod's name, inside a pod; two processes on one machine still differ. */
function defaultIdentity(): string {
  return `${hostname()}-${process.pid}`;
}

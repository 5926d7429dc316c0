import { type Command, Option } from 'commander';
import type { CommandContext } from '../context.ts';
import { flagBounds } from '../options/flag-bounds.ts';
import { parseDigest, parseInteger, parseSeconds } from '../options/flag-values.ts';
import { addOutputOption } from '../output/output.ts';
import { addConnectionOptions } from './connection-options.ts';
import { sortKeys } from './status/sort-apps.ts';

/** A run takes 300 s at most, and a person a while to approve; a day is enough to notice. */
const maxWaitSeconds = 86_400;
/** No node keeps a log for longer. */
const maxLogAgeSeconds = 31_536_000;

/**
 * Adds the commands that work on runs in a cluster: `status`, `describe`, `run`, `wait` and the rest. As
 * `kubectl-tuf_recovery` on the PATH they are `kubectl tuf-recovery …`.
 */
export function registerClusterCommands(program: Command, context: CommandContext): void {
  clusterCommand(program, 'status', 'apps, what needs you, and the last runs')
    .argument('[admin/app]', 'one app; by default all of the namespace')
    .addOption(
      new Option('-o, --output <format>', 'how the result is shown')
        .choices(['human', 'wide', 'name', 'json', 'yaml'])
        .default('human'),
    )
    .option(
      '-l, --selector <labels>',
      'only objects with these labels, for example tuf-recovery.dev/policy=guard',
    )
    .addOption(new Option('--sort <by>', 'the order of apps').choices(sortKeys).default('name'))
    .option('-A, --all-namespaces', 'apps and runs of all namespaces')
    .option('-w, --watch', 'go on showing changes until Ctrl-C')
    .action(async (app, flags) => (await import('./status/status.ts')).statusCommand(app, flags, context));

  clusterCommand(program, 'dashboard', 'a page on 127.0.0.1 with apps, runs and approvals, until Ctrl-C')
    .option('-A, --all-namespaces', 'apps and runs of all namespaces')
    .option('--port <number>', 'the port of the page; by default a free one', parseInteger(0, 65_535), 0)
    .option('--no-open', 'only print the address, do not open a browser')
    .action(async (flags) => (await import('./dashboard/dashboard.ts')).dashboardCommand(flags, context));

  addOutputOption(clusterCommand(program, 'describe', 'one run: result, what to do, plan, findings, errors'))
    .argument('<name>', 'the BootstrapRecovery')
    .action(async (name, flags) => (await import('./describe.ts')).describeCommand(name, flags, context));

  addWaitOptions(clusterCommand(program, 'run', 'start a recovery of one app'))
    .argument('<admin/app>', 'the app, spelled as on the server, for example alice/tuf')
    .option('--name <name>', 'name of the run; by default made from that of the app')
    .option('--target <name>', 'the RecoveryTarget; by default "default"')
    .option('--verify', 'only look, never write: exit code 2 when something is lost')
    .option('--always', 'plan every setting again, also those that are present')
    .option(
      '--ttl <time>',
      'delete the run this long after it ended, for example 7d; by default it is kept',
      parseSeconds(...flagBounds.ttlSecondsAfterFinished),
    )
    .option('-y, --yes', 'take an app with several slashes in it as ADMIN/APP without a question')
    .addOption(new Option('--approval <how>', 'who approves the plan').choices(['Automatic', 'Manual']))
    .action(async (app, flags) => (await import('./run/run.ts')).runCommand(app, flags, context));

  addWaitOptions(clusterCommand(program, 'approve', 'let a run apply the plan it shows'))
    .argument('<name>', 'the BootstrapRecovery')
    .option('--digest <sha256:hex>', 'approve the plan that was read, and no other', parseDigest)
    .addOption(
      new Option('-y, --yes', 'approve the plan as it is now, without a question').conflicts('digest'),
    )
    .action(async (name, flags) => (await import('./approve.ts')).approveCommand(name, flags, context));

  addWaitOptions(clusterCommand(program, 'cancel', 'end a run at its next safe point'))
    .argument('<name>', 'the BootstrapRecovery')
    .action(async (name, flags) => (await import('./cancel.ts')).cancelCommand(name, flags, context));

  addOutputOption(
    clusterCommand(
      program,
      'diff',
      'compare what Redis holds with what the metadata says; write nothing in Redis',
    ),
  )
    .argument('<admin/app>', 'the app, spelled as on the server, for example alice/tuf')
    .option('--target <name>', 'the RecoveryTarget; by default "default"')
    .addOption(timeoutOption())
    .action(async (app, flags) => (await import('./diff/diff.ts')).diffCommand(app, flags, context));

  clusterCommand(program, 'logs', 'what the controllers logged of a run, of an app, or all of it')
    .argument('[name|admin/app]', 'a run, or an app with its runs; by default everything')
    .option('-f, --follow', 'go on showing new lines until Ctrl-C')
    .option(
      '--since <time>',
      'only lines that are younger, for example 10m or 2h',
      parseSeconds(1, maxLogAgeSeconds),
    )
    .addOption(
      new Option(
        '--tail <number>',
        'at most so many lines, the last ones; --follow begins with all there are',
      )
        .argParser(parseInteger(1, 1_000_000))
        .default(1_000)
        .conflicts('follow'),
    )
    .addOption(
      new Option('--previous', 'of the container before the present one, after a restart').conflicts(
        'follow',
      ),
    )
    .option('--raw', 'lines as the controller wrote them, one JSON object each')
    .option('--controller-namespace <name>', 'where the controllers are; by default any namespace')
    .action(async (typed, flags) => (await import('./logs/logs.ts')).logsCommand(typed, flags, context));

  for (const [name, suspend] of [
    ['suspend', true],
    ['resume', false],
  ] as const) {
    const what = suspend ? 'hold a run that has not started, a policy or a target' : 'take back a suspend';
    clusterCommand(program, name, what)
      .argument('<kind/name>', 'run/NAME, policy/NAME or target/NAME')
      .action(async (typed, flags) =>
        (await import('./suspend/suspend.ts')).suspendCommand(typed, suspend, flags, context),
      );
  }

  clusterCommand(
    program,
    'support-bundle',
    'what a maintainer needs to understand this installation, without secrets, as YAML',
  )
    .option('--file <file>', 'where it is written; by default to standard output')
    .action(async (flags) =>
      (await import('./support-bundle/support-bundle.ts')).supportBundleCommand(flags, context),
    );

  clusterCommand(program, 'report', 'the full report of a run, as JSON or as a page')
    .argument('<name>', 'the BootstrapRecovery')
    .option('--html', 'one self-contained page for people')
    .action(async (name, flags) =>
      (await import('./run-report/report.ts')).reportCommand(name, flags, context),
    );

  addOutputOption(
    clusterCommand(program, 'wait', 'wait for the end of a run; the exit code says how it ended'),
  )
    .addOption(timeoutOption())
    .argument('<name>', 'the BootstrapRecovery')
    .action(async (name, flags) => (await import('./wait.ts')).waitCommand(name, flags, context));

  addOutputOption(clusterCommand(program, 'version', 'versions of the plugin, the controllers and the CRDs'))
    .option('--client', 'the plugin alone, without asking a cluster')
    .action(async (flags) => (await import('./version/version.ts')).versionCommand(flags, context));
}

function clusterCommand(program: Command, name: string, description: string): Command {
  return addConnectionOptions(program.command(name).description(description));
}

function addWaitOptions(command: Command): Command {
  return addOutputOption(command)
    .option('--wait', 'wait for its end; the exit code says how it ended')
    .addOption(timeoutOption());
}

function timeoutOption(): Option {
  return new Option('--timeout <time>', 'how long to wait, for example 90s or 1h; the run itself continues')
    .argParser(parseSeconds(1, maxWaitSeconds))
    .default(600, '10m');
}

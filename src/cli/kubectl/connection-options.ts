import type { Command } from 'commander';

/** Adds the flags by which a command finds its cluster, as kubectl has them. */
export function addConnectionOptions(command: Command): Command {
  return command
    .option('-n, --namespace <name>', 'the namespace; by default that of the kubeconfig')
    .option('--context <name>', 'the context of the kubeconfig to use')
    .option('--kubeconfig <file>', 'the kubeconfig; by default $KUBECONFIG or ~/.kube/config');
}

import { bootstrapRecoveries, group, recoveryPolicies, recoveryTargets } from '../../../api/resources.ts';
import { TerminalError } from '../../../errors.ts';
import { isNotFound } from '../../../kube/client/api-error.ts';
import type { KubernetesObject } from '../../../kube/client/object.ts';
import type { Resource } from '../../../kube/client/resource.ts';
import type { CommandContext } from '../../context.ts';
import { exitCodes } from '../../exit-codes.ts';
import { clusterCommand } from '../cluster-command.ts';
import type { ClusterConnection, ClusterFlags } from '../connection.ts';

interface Suspendable extends KubernetesObject {
  readonly spec: { readonly suspend?: boolean };
}

/** What can be suspended, by the name a person types. */
const kinds: Readonly<Record<string, Resource<Suspendable>>> = {
  run: bootstrapRecoveries,
  policy: recoveryPolicies,
  target: recoveryTargets,
};

/** What each does while it is suspended. */
const effects: Readonly<Record<string, string>> = {
  run: 'it does not start; one that has started continues, and cancel ends it',
  policy: 'it neither watches nor repairs',
  target: 'it is not checked and starts no runs; runs under way continue',
};

/** `suspend KIND/NAME` and `resume KIND/NAME`: sets spec.suspend of a run, a policy or a target. */
export function suspendCommand(
  typed: string,
  suspend: boolean,
  flags: ClusterFlags,
  context: CommandContext,
): Promise<void> {
  const { kind, name } = parseKindAndName(typed);
  return clusterCommand(context, flags, async (connection) => {
    const word = suspend ? 'suspended' : 'resumed';
    const before = await patch(connection, kind, name, suspend, context.signal);
    const resource = `${kinds[kind]?.kind.toLowerCase()}.${group}/${name}`;
    context.stdout.write(before === suspend ? `${resource} was ${word} before\n` : `${resource} ${word}\n`);
    if (suspend) {
      context.stderr.write(
        `While it is suspended ${effects[kind]}. Resume it: ${resumeCommand(typed, connection)}\n`,
      );
    }
    return exitCodes.done;
  });
}

/** @returns what spec.suspend was before */
async function patch(
  { api, namespace }: ClusterConnection,
  kind: string,
  name: string,
  suspend: boolean,
  signal: AbortSignal,
): Promise<boolean> {
  const resource = kinds[kind];
  if (resource === undefined) {
    throw new Error(`There is no kind ${kind}.`);
  }
  const key = { namespace, name };
  try {
    const { spec } = await api.get(resource, key, { signal });
    await api.patch(
      resource,
      key,
      { type: 'merge', body: { spec: { suspend } } },
      { signal, fieldManager: 'kubectl-tuf-recovery' },
    );
    return spec.suspend ?? false;
  } catch (cause) {
    if (!isNotFound(cause) || !(cause instanceof Error) || !cause.message.includes(`"${name}"`)) {
      throw cause;
    }
    throw new TerminalError(
      'NotFound',
      `There is no ${resource.kind} "${name}" in namespace "${namespace}". ` +
        `All there are: kubectl get ${resource.plural} -A`,
      { cause },
    );
  }
}

function parseKindAndName(typed: string): { readonly kind: string; readonly name: string } {
  const [kind = '', name = '', ...rest] = typed.split('/');
  if (!Object.hasOwn(kinds, kind) || name === '' || rest.length > 0) {
    throw new TerminalError(
      'InvalidInput',
      `"${typed}" is not one of run/NAME, policy/NAME and target/NAME, for example policy/guard.`,
    );
  }
  return { kind, name };
}

function resumeCommand(typed: string, { namespace }: ClusterConnection): string {
  return `kubectl tuf-recovery resume ${typed} -n ${namespace}`;
}

import type { BootstrapRecoveryManifestSpec } from '../../api/bootstraprecovery.generated.ts';
import { apiVersion, bootstrapRecoveries } from '../../api/resources.ts';
import { TerminalError } from '../../errors.ts';
import type { KubernetesObject } from '../../kube/object.ts';
import type { Resource } from '../../kube/resource.ts';
import type { CommandContext } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { clusterCommand } from './cluster-command.ts';
import type { ConnectionFlags } from './connection.ts';
import { type ObjectFormat, printObject } from './print-object.ts';
import { waitFor } from './wait.ts';

/** Flags of `run`; each that is left out leaves the field to the schema's default. */
export interface RunFlags extends ConnectionFlags {
  readonly name?: string;
  readonly target?: string;
  readonly verify?: true;
  readonly approval?: 'Automatic' | 'Manual';
  readonly always?: true;
  readonly wait?: true;
  readonly timeout: number;
  readonly output?: ObjectFormat;
}

/** A run as it is written: what has a default may be left out. */
interface NewRun extends KubernetesObject {
  readonly spec: BootstrapRecoveryManifestSpec;
}

const runs: Resource<NewRun> = bootstrapRecoveries;
/** Leaves room for the five characters the API server adds to a generated name, and for what is derived from it. */
const maxGeneratedPrefix = 50;

/** `kubectl tuf-recovery run ADMIN/APP`: creates a run, and waits for its end when asked to. */
export function run(app: string, flags: RunFlags, context: CommandContext): Promise<void> {
  const { adminName, appName } = parseApp(app);
  return clusterCommand(context, flags, async (connection) => {
    const { api, namespace } = connection;
    const spec: BootstrapRecoveryManifestSpec = {
      adminName,
      appName,
      ...(flags.target === undefined ? {} : { targetRef: { name: flags.target } }),
      ...(flags.verify === true ? { mode: 'Verify' } : {}),
      ...(flags.always === true ? { strategy: 'Always' } : {}),
      ...(flags.approval === undefined ? {} : { approval: flags.approval }),
    };
    const name = flags.name === undefined ? { generateName: generatedPrefix(appName) } : { name: flags.name };
    const created = await api.create(
      runs,
      { apiVersion, kind: 'BootstrapRecovery', metadata: { namespace, ...name }, spec },
      { signal: context.signal, fieldManager: 'kubectl-tuf-recovery' },
    );
    if (flags.wait === true) return await waitFor(connection, created.metadata.name, flags, context);
    if (flags.output === undefined) {
      context.stdout.write(
        `bootstraprecovery.${bootstrapRecoveries.group}/${created.metadata.name} created\n`,
      );
    } else {
      printObject(context.stdout, created, flags.output);
    }
    return exitCodes.done;
  });
}

/** The app's name holds no slash, the admin's may: the last one parts them. */
function parseApp(app: string): { readonly adminName: string; readonly appName: string } {
  const slash = app.lastIndexOf('/');
  if (slash < 1 || slash === app.length - 1) {
    throw new TerminalError('InvalidInput', `"${app}" is not ADMIN/APP, for example alice/tuf.`);
  }
  return { adminName: app.slice(0, slash), appName: app.slice(slash + 1) };
}

function generatedPrefix(appName: string): string {
  return `${appName.toLowerCase().slice(0, maxGeneratedPrefix)}-`;
}

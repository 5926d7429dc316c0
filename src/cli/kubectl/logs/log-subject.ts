import type { BootstrapRecovery } from '../../../api/bootstraprecovery.generated.ts';
import type { BootstrapState } from '../../../api/bootstrapstate.generated.ts';
import { bootstrapRecoveries, bootstrapStates } from '../../../api/resources.ts';
import { TerminalError } from '../../../errors.ts';
import { findObject } from '../../../kube/client/find-object.ts';
import type { Resource } from '../../../kube/client/resource.ts';
import { formatAppName, knownAppsText, parseAppName } from '../app-name.ts';
import type { ClusterConnection } from '../connection.ts';
import type { LogLine } from './log-line.ts';

const runs: Resource<BootstrapRecovery> = bootstrapRecoveries;
const states: Resource<BootstrapState> = bootstrapStates;

/** What lines are wanted of: one run, or one app with all of its runs. */
export interface LogSubject {
  /** As a person names it. */
  readonly name: string;
  /** False: nothing in the cluster has this name (any more); only its log may be left. */
  readonly exists: boolean;
  /** Whether a line is about it. A run that such a line names belongs to it from then on. */
  isAbout(line: LogLine): boolean;
}

/**
 * Finds what a person typed: `ADMIN/APP`, or the name of a run.
 *
 * @throws {TerminalError} `NotFound` for an app that is not known, with those that are
 */
export function findLogSubject(
  connection: ClusterConnection,
  typed: string,
  signal: AbortSignal,
): Promise<LogSubject> {
  return typed.includes('/') ? findApp(connection, typed, signal) : findRun(connection, typed, signal);
}

async function findRun(
  { api, namespace }: ClusterConnection,
  name: string,
  signal: AbortSignal,
): Promise<LogSubject> {
  const run = await findObject(api, runs, { namespace, name }, signal);
  const taskIDs = run === undefined ? [] : [run.metadata.uid];
  return subject(`run ${name}`, run !== undefined, namespace, [], [name], taskIDs);
}

async function findApp(
  { api, namespace }: ClusterConnection,
  typed: string,
  signal: AbortSignal,
): Promise<LogSubject> {
  const app = parseAppName(typed);
  const here = { namespace, signal };
  const [allStates, allRuns] = await Promise.all([api.list(states, here), api.list(runs, here)]);
  const name = formatAppName(app);
  const ofApp = <T extends BootstrapState | BootstrapRecovery>(items: readonly T[]): readonly T[] =>
    items.filter(({ spec }) => formatAppName(spec) === name);
  const found = { states: ofApp(allStates.items), runs: ofApp(allRuns.items) };
  if (found.states.length + found.runs.length === 0) {
    const known = knownAppsText([...allStates.items, ...allRuns.items].map(({ spec }) => spec));
    throw new TerminalError('NotFound', `${name} is not known in namespace "${namespace}". ${known}`);
  }
  const names = (items: readonly { readonly metadata: { readonly name: string } }[]): readonly string[] =>
    items.map(({ metadata }) => metadata.name);
  const taskIDs = found.runs.map(({ metadata }) => metadata.uid);
  return subject(`app ${name}`, true, namespace, names(found.states), names(found.runs), taskIDs);
}

function subject(
  name: string,
  exists: boolean,
  namespace: string,
  stateNames: readonly string[],
  runNames: readonly string[],
  taskIDs: readonly string[],
): LogSubject {
  const runsOfIt = new Set(runNames);
  const statesOfIt = new Set(stateNames);
  const tasks = new Set<unknown>(taskIDs);
  const isOf = (names: ReadonlySet<string>, value: unknown): boolean =>
    typeof value === 'string' && names.has(value);
  return {
    name,
    exists,
    isAbout: ({ fields }) => {
      if (tasks.has(fields['taskID'])) {
        return true;
      }
      if (fields['namespace'] !== namespace) {
        return false;
      }
      const { controller, name: object, run } = fields;
      if (controller === 'bootstrapstate' && isOf(statesOfIt, object)) {
        if (typeof run === 'string') {
          runsOfIt.add(run);
        }
        return true;
      }
      return isOf(runsOfIt, run) || (controller === 'bootstraprecovery' && isOf(runsOfIt, object));
    },
  };
}

/** How the process ends. Scripts rely on these numbers; the reference page is generated from them. */
export const exitCodes = {
  /** Recovered, already consistent, trusted. */
  done: 0,
  /** Refused, or failed for good. */
  failed: 1,
  /** `plan`: something is lost; `recover` would write. */
  recoveryNeeded: 2,
  /** The time given by --timeout ran out. */
  timedOut: 3,
  /** Ctrl-C or SIGTERM, as a shell reports the former (128 + SIGINT). What runs in the cluster continues. */
  interrupted: 130,
  /** The command line or the environment is wrong; nothing was done (EX_USAGE of sysexits.h). */
  usage: 64,
} as const;

/** One of {@link exitCodes}. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** What a code means after one command; 64 and 130 mean the same after every command. */
export type CommandExitCodes = Readonly<Partial<Record<Exclude<ExitCode, 64 | 130>, string>>>;

const ofRun: CommandExitCodes = {
  0: 'created; with --wait: recovered, nothing was lost, verified',
  1: 'refused; with --wait: the run failed or was cancelled',
  2: 'with --wait: a run that only verifies found a loss',
  3: 'with --wait: it still runs, waits for approval, its own time ran out, or no answer',
};
const shown: CommandExitCodes = { 0: 'shown', 1: 'not found, refused, or no answer' };
const service: CommandExitCodes = { 0: 'ended by SIGTERM', 1: 'a defect: start it again' };

/** Of every command, what its exit codes mean: --help and the reference page show this table. */
export const commandExitCodes: Readonly<Record<string, CommandExitCodes>> = {
  verify: { 0: 'trusted', 1: 'refused or not readable' },
  plan: { 0: 'nothing is lost', 1: 'failed', 2: 'a recovery is needed', 3: 'timed out' },
  recover: { 0: 'recovered, or nothing was lost', 1: 'failed or refused', 3: 'timed out' },
  check: { 0: 'nothing is wrong; warnings are marked !', 1: 'something is wrong' },
  status: shown,
  dashboard: { 1: 'no answer from the API server' },
  describe: shown,
  run: ofRun,
  approve: { ...ofRun, 0: 'approved; with --wait: recovered', 1: 'not approved; with --wait: failed' },
  cancel: {
    ...ofRun,
    0: 'asked to end; with --wait: cancelled',
    1: 'not cancelled: it has ended, or is not there',
  },
  diff: {
    0: 'Redis holds what the metadata says',
    1: 'the metadata is refused, or no answer',
    2: 'something is lost, or a recovery would restore another value',
    3: 'not verified within --timeout',
  },
  logs: { 0: 'shown', 1: 'no controller, not found, refused, or no answer' },
  suspend: { 0: 'suspended', 1: 'not found or refused' },
  resume: { 0: 'resumed', 1: 'not found or refused' },
  'support-bundle': {
    0: 'written; what you may not see is named in it',
    1: 'no answer, or the file is not written',
  },
  report: shown,
  wait: {
    0: 'recovered, nothing was lost, verified',
    1: 'failed, cancelled, or not found',
    2: 'a run that only verifies found a loss',
    3: 'it still runs, waits for approval, its own time ran out, or no answer',
  },
  version: shown,
  target: { 0: 'applied, or printed with --dry-run', 1: 'refused, or not confirmed' },
  controller: { ...service, 1: 'the lease was lost, or a defect: start it again' },
  shim: service,
  conformance: { 0: 'done', 1: 'refused or failed' },
  completion: { 0: 'printed' },
};

/** Code and meaning, each as a text, of everything a command may end with. */
export function exitCodesOf(command: string): readonly (readonly [code: string, meaning: string])[] {
  const own = Object.entries(commandExitCodes[command] ?? {});
  return [...own, ['64', 'wrong usage'], ['130', 'interrupted']];
}

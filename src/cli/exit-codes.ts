/** How the process ends. Scripts rely on these numbers; the reference page is checked against them. */
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

import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Prefix of every metric of this project that has no upstream name. */
export const metricsPrefix = 'bootstrap_recovery';

/** Seconds; a run takes fractions of a second, its deadline is 300. */
const runBuckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

/** Which policy a series is about. */
export interface PolicyLabels {
  readonly namespace: string;
  readonly policy: string;
}

/**
 * What the controllers count, declared once. Labels are bounded: modes and reasons are the documented
 * vocabulary, targets and policies are as many as there are objects. The series of apps are in
 * app-series.ts.
 */
export class RecoveryMetrics {
  readonly runs: Counter<'mode' | 'outcome' | 'reason'>;
  readonly runDuration: Histogram<'mode' | 'outcome'>;
  readonly attempts: Counter<'result'>;
  readonly activeRuns: Gauge;
  readonly unfinishedRuns: Gauge<'reason'>;
  readonly oldestUnfinished: Gauge<'reason'>;
  readonly lastSuccess: Gauge<'namespace' | 'target'>;
  readonly keys: Counter<'action'>;
  readonly targetReady: Gauge<'namespace' | 'target'>;
  readonly targetApps: Gauge<'namespace' | 'target'>;
  readonly storageRequests: Counter<'operation' | 'result'>;
  readonly policyApps: Gauge<'namespace' | 'policy' | 'state'>;
  readonly policyLostApps: Gauge<'namespace' | 'policy'>;
  readonly policyUntrustedApps: Gauge<'namespace' | 'policy'>;
  readonly policyReady: Gauge<'namespace' | 'policy'>;
  readonly policyCircuitOpen: Gauge<'namespace' | 'policy'>;
  readonly policyLastVerification: Gauge<'namespace' | 'policy'>;
  readonly policyVerificationInterval: Gauge<'namespace' | 'policy'>;
  readonly policyLosses: Counter<'namespace' | 'policy'>;
  readonly policyRecoveries: Counter<'namespace' | 'policy'>;
  readonly policySuppressed: Counter<'namespace' | 'policy'>;
  readonly notifications: Counter<'result'>;

  constructor(registry: Registry) {
    const registers = [registry];
    const counter = <L extends string>(name: string, help: string, labelNames: L[]): Counter<L> =>
      new Counter({ name: `${metricsPrefix}_${name}`, help, labelNames, registers });
    const gauge = <L extends string>(name: string, help: string, labelNames: L[]): Gauge<L> =>
      new Gauge({ name: `${metricsPrefix}_${name}`, help, labelNames, registers });

    this.runs = counter(
      'runs_total',
      'Number of runs that ended, by mode, outcome (succeeded, failed) and reason of Succeeded.',
      ['mode', 'outcome', 'reason'],
    );
    this.runDuration = new Histogram({
      name: `${metricsPrefix}_duration_seconds`,
      help: 'Time from the start of the first attempt to the end of the run, by mode and outcome.',
      labelNames: ['mode', 'outcome'],
      buckets: runBuckets,
      registers,
    });
    this.attempts = counter(
      'attempts_total',
      'Number of attempts that ended, by what follows: none (the run ended), backoff, wait, aborted.',
      ['result'],
    );
    this.activeRuns = gauge('active_runs', 'Number of runs this controller is working on right now.', []);
    this.unfinishedRuns = gauge(
      'unfinished_runs',
      'Number of runs that have not ended, by reason of Succeeded: what they wait for.',
      ['reason'],
    );
    this.oldestUnfinished = gauge(
      'oldest_unfinished_seconds',
      'Age in seconds of the oldest run that has not ended, by reason of Succeeded. Running above 330 means stuck.',
      ['reason'],
    );
    this.lastSuccess = gauge(
      'last_success_timestamp_seconds',
      'Unix time of the last run that succeeded, by target.',
      ['namespace', 'target'],
    );
    this.keys = counter(
      'keys_total',
      'Number of Redis keys written by runs that recovered, by action: create, replace, persist, delete.',
      ['action'],
    );
    this.targetReady = gauge(
      'target_ready',
      'Whether a target was usable when last probed: 1 or 0. Absent while it is suspended.',
      ['namespace', 'target'],
    );
    this.targetApps = gauge('target_apps', 'Number of apps found in the bucket of a target.', [
      'namespace',
      'target',
    ]);
    this.storageRequests = counter(
      'storage_requests_total',
      'Number of requests to object storage, by operation and result; retries count.',
      ['operation', 'result'],
    );
    this.notifications = counter(
      'notifications_total',
      'Number of notifications for the webhook, by result: sent, failed (refused, or not accepted within an hour), dropped (too many were waiting).',
      ['result'],
    );
    this.policyApps = gauge(
      'policy_apps',
      'Number of apps a policy guards, by what was found last: the state of a run, Unverifiable, or Unknown before the first verification.',
      ['namespace', 'policy', 'state'],
    );
    this.policyLostApps = gauge('policy_lost_apps', 'Number of apps of a policy that have lost something.', [
      'namespace',
      'policy',
    ]);
    this.policyUntrustedApps = gauge(
      'policy_untrusted_apps',
      'Number of apps of a policy whose metadata was refused: it does not verify, or is older than what was verified before.',
      ['namespace', 'policy'],
    );
    this.policyReady = gauge(
      'policy_ready',
      'Whether a policy can verify every app: 1 or 0. Absent while it is suspended.',
      ['namespace', 'policy'],
    );
    this.policyCircuitOpen = gauge(
      'policy_circuit_open',
      'Whether maxRecoveriesPerHour holds back a recovery that an app needs: 1 or 0.',
      ['namespace', 'policy'],
    );
    this.policyLastVerification = gauge(
      'policy_last_verification_timestamp_seconds',
      'Unix time of the oldest of the last full verifications of the apps of a policy.',
      ['namespace', 'policy'],
    );
    this.policyVerificationInterval = gauge(
      'policy_full_verification_interval_seconds',
      'Seconds within which a policy wants each of its apps verified in full.',
      ['namespace', 'policy'],
    );
    this.policyLosses = counter('policy_losses_total', 'Number of losses found in apps of a policy.', [
      'namespace',
      'policy',
    ]);
    this.policyRecoveries = counter('policy_recoveries_total', 'Number of recoveries a policy created.', [
      'namespace',
      'policy',
    ]);
    this.policySuppressed = counter(
      'policy_suppressed_recoveries_total',
      'Number of times a recovery was needed and maxRecoveriesPerHour forbade it.',
      ['namespace', 'policy'],
    );
  }

  /** Ends the series of a policy that is gone or no longer looks. */
  forgetPolicy(labels: PolicyLabels, states: readonly string[]): void {
    for (const state of states) {
      this.policyApps.remove({ ...labels, state });
    }
    this.policyLostApps.remove(labels);
    this.policyUntrustedApps.remove(labels);
    this.policyReady.remove(labels);
    this.policyCircuitOpen.remove(labels);
    this.policyLastVerification.remove(labels);
    this.policyVerificationInterval.remove(labels);
    this.policyLosses.remove(labels);
    this.policyRecoveries.remove(labels);
    this.policySuppressed.remove(labels);
  }

  /** Ends the series of a target that is gone or no longer probed. */
  forgetTarget(labels: { readonly namespace: string; readonly target: string }): void {
    this.targetReady.remove(labels);
    this.targetApps.remove(labels);
  }
}

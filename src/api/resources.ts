/** API group of every kind of this project. */
export const group = 'tuf-recovery.dev';

/** Served and stored version. */
const version = 'v1alpha1';

/** `apiVersion` of every object of this project. */
export const apiVersion = `${group}/${version}` as const;

/** How the API server addresses each kind. */
export const bootstrapRecoveries = {
  group,
  version,
  kind: 'BootstrapRecovery',
  plural: 'bootstraprecoveries',
  namespaced: true,
} as const;

/** How the API server addresses targets. */
export const recoveryTargets = {
  group,
  version,
  kind: 'RecoveryTarget',
  plural: 'recoverytargets',
  namespaced: true,
} as const;

/** How the API server addresses policies. */
export const recoveryPolicies = {
  group,
  version,
  kind: 'RecoveryPolicy',
  plural: 'recoverypolicies',
  namespaced: true,
} as const;

/** How the API server addresses what is known of apps. */
export const bootstrapStates = {
  group,
  version,
  kind: 'BootstrapState',
  plural: 'bootstrapstates',
  namespaced: true,
} as const;

/**
 * Field manager of everything the controller applies; one for the whole project, so that ownership is plain
 * to see.
 */
export const fieldManager = 'tuf-recovery-controller';

/** Label on what a run owns; its value is the run's name. */
export const runLabel = `${group}/run` as const;

/** Label on what a policy owns; its value is the policy's name. */
export const policyLabel = `${group}/policy` as const;

/** Label on what belongs to one app of one target; its value is the name of the BootstrapState. */
export const stateLabel = `${group}/state` as const;

/** Held while a run may hold the recovery lock in Redis. */
export const lockFinalizer = `${group}/lock` as const;

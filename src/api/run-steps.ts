/** The ten steps of a run, R1 to R10, in their order. */
export const runSteps = [
  'Resolve',
  'Trust',
  'Observe',
  'Classify',
  'Plan',
  'Decide',
  'Lock',
  'Apply',
  'Confirm',
  'Record',
] as const;

/** One of the ten steps. */
export type RunStep = (typeof runSteps)[number];

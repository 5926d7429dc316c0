import { DELEGATION_MUTATIONS } from './delegation.ts';
import { FORM_MUTATIONS } from './form.ts';
import { HISTORY_MUTATIONS } from './history.ts';
import { LINK_MUTATIONS } from './links.ts';
import type { Mutation } from './mutation.ts';
import { ROOT_MUTATIONS } from './roots.ts';
import { SIGNATURE_MUTATIONS } from './signatures.ts';

/** Every known damage, in the order of the checks. */
export const MUTATIONS: readonly Mutation[] = [
  ...ROOT_MUTATIONS,
  ...SIGNATURE_MUTATIONS,
  ...LINK_MUTATIONS,
  ...HISTORY_MUTATIONS,
  ...DELEGATION_MUTATIONS,
  ...FORM_MUTATIONS,
];

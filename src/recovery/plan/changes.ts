import type { Change } from '../../redis/state-store.ts';
import type { Action, Plan } from './plan.ts';

/**
 * The plan in the notation and order of the one script that writes it: deletions, settings, and the marker
 * last, so that a reader of the marker finds the settings it vouches for.
 */
export function changesOf({ actions }: Plan, markerKey: string): readonly Change[] {
  const rank = ({ key, kind }: Action): number => (kind === 'Delete' ? 0 : key === markerKey ? 2 : 1);
  return actions
    .toSorted((a, b) => rank(a) - rank(b))
    .map((action) => ({ key: action.key, before: action.before, act: actOf(action) }));
}

function actOf({ kind, after }: Action): Change['act'] {
  switch (kind) {
    case 'Create':
    case 'Replace':
      return { set: after ?? '' };
    case 'Keep':
      return 'keep';
    case 'Persist':
      return 'persist';
    case 'Delete':
      return 'delete';
  }
}

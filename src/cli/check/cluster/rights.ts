import { bootstrapRecoveries, bootstrapStates, group, recoveryTargets } from '../../../api/resources.ts';

/** Something the plugin does in the person's name. */
export interface Right {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  /** Without it nothing can be seen; the others let a person act. */
  readonly isToSee: boolean;
}

const right = (verb: string, resource: string, isToSee: boolean): Right => ({
  verb,
  group,
  resource,
  isToSee,
});

/** Every right that the plugin uses. */
export const rights: readonly Right[] = [
  ...[bootstrapRecoveries, bootstrapStates].flatMap(({ plural }) =>
    ['get', 'list', 'watch'].map((verb) => right(verb, plural, true)),
  ),
  right('list', recoveryTargets.plural, true),
  right('create', bootstrapRecoveries.plural, false),
  right('patch', bootstrapRecoveries.plural, false),
  right('approve', bootstrapRecoveries.plural, false),
];

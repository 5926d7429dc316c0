import type { MetadataSource } from '../../storage/source.ts';
import type { Ending } from '../ending.ts';

/** How many names a message shows. */
const SHOWN = 10;

/** What lies where an app was looked for and not found. */
interface AppsThere {
  /** Names of the admin's apps. */
  readonly apps: readonly string[];
  /** Names of admins; asked for only where the admin has no app. */
  readonly admins: readonly string[];
}

/** Looks beside an app that is not there: mostly its name was mistyped, or it was renamed. */
export async function appsThere(source: MetadataSource, signal: AbortSignal): Promise<AppsThere> {
  const apps = (await source.neighbours?.(1, signal)) ?? [];
  const admins = apps.length > 0 ? [] : ((await source.neighbours?.(2, signal)) ?? []);
  return { apps, admins };
}

/** The end of a run for an app that is not there, with the names that are. */
export function endingNamingApps(ending: Ending, { apps, admins }: AppsThere): Ending {
  const there = inWords({ apps, admins });
  const { reason, message } = ending.succeeded;
  return there === '' ? ending : { ...ending, succeeded: { reason, message: `${message} ${there}` } };
}

function inWords({ apps, admins }: AppsThere): string {
  if (apps.length > 0) {
    return (
      `This admin has the apps ${listed(apps)}. Names differ by case, and an app that was renamed has its files ` +
      'under its former name.'
    );
  }
  return admins.length > 0
    ? `There is no admin of that name; there are ${listed(admins)}. Names differ by case.`
    : '';
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN).map((name) => JSON.stringify(name.slice(0, 100)));
  const more = names.length - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
}

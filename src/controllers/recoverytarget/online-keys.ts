import type { Verdict } from '../../api/conditions.ts';
import type { OnlineKeysReason } from '../../api/target-reasons.ts';
import { describeApp } from '../../faynosync/app.ts';
import type { SharedKey } from '../loss-detection/key-holders.ts';

/** Most keys named in a message, and apps of each. */
const maxNamed = { keys: 3, apps: 3 } as const;
const shownDigits = 12;

/** Whether each admin has online keys of their own. Pure. */
export function onlineKeys(shared: readonly SharedKey[] | undefined): Verdict<OnlineKeysReason> {
  if (shared === undefined) {
    return { reason: 'NotGuarded', message: 'No RecoveryPolicy guards apps of this target.' };
  }
  if (shared.length === 0) {
    return { reason: 'Separate', message: 'No two admins list the same online key.' };
  }
  const keys = shared.slice(0, maxNamed.keys).map(({ keyID, apps }) => {
    const some = apps.slice(0, maxNamed.apps).map(describeApp).join(', ');
    return `${keyID.slice(0, shownDigits)}… is listed by ${some}${apps.length > maxNamed.apps ? ' and others' : ''}`;
  });
  const more = shared.length > maxNamed.keys ? `; ${shared.length - maxNamed.keys} more` : '';
  return {
    reason: 'SharedByAdmins',
    message: `Online key ${keys.join('; ')}${more}. A server that signs for one admin can then sign for the other, and newer servers refuse to sign with such a key. Give each admin an online key and rotate the roots.`,
  };
}

import type { App } from '../../faynosync/app.ts';

/** An online key that apps of more than one admin list. */
export interface SharedKey {
  readonly keyID: string;
  /** One app of each admin. */
  readonly apps: readonly App[];
}

interface Holder {
  readonly app: App;
  readonly keyIDs: readonly string[];
}

/** Which apps of a target list which online keys, and which keys are those of several admins. */
export class KeyHolders {
  readonly #holders = new Map<string, Holder>();
  /** Key id → admin → ids of apps. */
  readonly #admins = new Map<string, Map<string, Set<string>>>();
  #sharedKeys = 0;

  /**
   * Notes what an app lists now.
   *
   * @returns whether another number of keys is shared than before
   */
  put(appID: string, app: App, keyIDs: readonly string[]): boolean {
    const before = this.#sharedKeys;
    this.#leave(appID);
    this.#holders.set(appID, { app, keyIDs });
    for (const keyID of keyIDs) {
      const admins = this.#admins.get(keyID) ?? new Map<string, Set<string>>();
      const apps = admins.get(app.adminName) ?? new Set<string>();
      const isAnother = apps.size === 0 && admins.size === 1;
      admins.set(app.adminName, apps.add(appID));
      this.#admins.set(keyID, admins);
      this.#sharedKeys += isAnother ? 1 : 0;
    }
    return this.#sharedKeys !== before;
  }

  /** Forgets an app; returns as {@link put}. */
  drop(appID: string): boolean {
    const before = this.#sharedKeys;
    this.#leave(appID);
    return this.#sharedKeys !== before;
  }

  /** Every key of several admins, by id. */
  shared(): readonly SharedKey[] {
    const shared = [...this.#admins].filter(([, admins]) => admins.size > 1);
    return shared
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([keyID, admins]) => ({
        keyID,
        apps: [...admins.values()].flatMap(([first = '']) => this.#holders.get(first)?.app ?? []),
      }));
  }

  #leave(appID: string): void {
    const { app, keyIDs = [] } = this.#holders.get(appID) ?? {};
    this.#holders.delete(appID);
    for (const keyID of keyIDs) {
      const admins = this.#admins.get(keyID);
      const apps = admins?.get(app?.adminName ?? '');
      apps?.delete(appID);
      if (admins !== undefined && apps?.size === 0) {
        admins.delete(app?.adminName ?? '');
        this.#sharedKeys -= admins.size === 1 ? 1 : 0;
      }
      if (admins?.size === 0) {
        this.#admins.delete(keyID);
      }
    }
  }
}

/**
 * What the page shows, as JSON: made here from objects, drawn by src/dashboard/page. Every text is as the
 * cluster holds it, not safe as HTML.
 */

/** How something is to be taken, besides its words. `info`: changed for the better by a recovery. */
export type BadgeTone = 'good' | 'bad' | 'warning' | 'info' | 'neutral';

/** A few words with a tone. */
export interface Badge {
  readonly tone: BadgeTone;
  readonly text: string;
}

/** A badge with a bar below it. */
export interface Gauge extends Badge {
  /** 0 to 1; absent when nothing is known that a bar could show. */
  readonly fraction?: number;
}

/** Names one app. */
export interface AppKey {
  readonly namespace: string;
  readonly target: string;
  readonly admin: string;
  readonly app: string;
}

/** One app in the grid. */
export interface AppCard {
  readonly key: AppKey;
  readonly health: Badge;
  readonly recoverable: Gauge;
  readonly expiry: Gauge;
  /** When it was last verified, in words. */
  readonly checked: string;
  /** A run under way, or one that waits for a person. */
  readonly activity?: Gauge;
}

/** Which apps the grid shows. */
export const filters = ['all', 'attention', 'lost', 'unknown', 'expiring', 'healthy'] as const;

/** One of {@link filters}. */
export type Filter = (typeof filters)[number];

/** What the grid is sorted by; the worst first, except for `name`. */
export const sortings = ['health', 'recoverable', 'expiry', 'name'] as const;

/** One of {@link sortings}. */
export type Sorting = (typeof sortings)[number];

/** What a person asks the grid for. */
export interface GridQuery {
  readonly filter: Filter;
  readonly sort: Sorting;
  /** Part of ADMIN/APP, in any case; empty for all. */
  readonly search: string;
  /** From 1. */
  readonly page: number;
}

/** All apps, one page of them. */
export interface GridView {
  readonly kind: 'grid';
  /** How many apps each filter has, whatever is searched for. */
  readonly counts: Readonly<Record<Filter, number>>;
  /** Apps that match filter and search. */
  readonly matches: number;
  /** The page that is shown, from 1; the last one when a later one was asked for. */
  readonly page: number;
  readonly pages: number;
  readonly cards: readonly AppCard[];
}

/** One role of the chain, from the root down. */
export interface ChainLink {
  readonly role: string;
  /** A delegated role, which has its place below targets. */
  readonly delegated: boolean;
  readonly version: number;
  readonly expiry: Gauge;
  /** The instant it expires, in UTC. */
  readonly expires?: string;
}

/** One setting of the app: what a run found and did about it. */
export interface SettingRow {
  readonly key: string;
  /** `kept`, `lost`, `restored` … */
  readonly state: Badge;
  /** Absent when the key is deleted. */
  readonly value?: string;
  /** Where the value comes from, for example `Inferred`. */
  readonly source: string;
  /** How sure the run is of it. */
  readonly confidence: string;
}

/** The settings as the newest run that planned something saw them. */
export interface SettingsView {
  /** What they are read from. */
  readonly origin: string;
  readonly rows: readonly SettingRow[];
  /** Rows that are left out. */
  readonly omitted: number;
}

/** One of the ten steps in a timeline. */
export interface StepView {
  readonly step: string;
  readonly state: 'done' | 'current' | 'failed' | 'pending';
  /** Absent when it is not known how long it took. */
  readonly milliseconds?: number;
  /** The duration in words, or what is known instead of it. */
  readonly text: string;
}

/** One run in the timeline. */
export interface RunView {
  readonly name: string;
  readonly mode: string;
  readonly result: Badge;
  readonly message: string;
  /** When it was created, in words, and the instant. */
  readonly created: string;
  readonly createdTime: string;
  /** How long it took, or takes. */
  readonly duration: string;
  readonly steps: readonly StepView[];
  /** Where it is, while it is under way. */
  readonly progress?: Gauge;
  /** Why there is less to see than usual. */
  readonly note?: string;
}

/** A plan that waits for a person. */
export interface ApprovalView {
  readonly namespace: string;
  readonly name: string;
  readonly digest: string;
  /** Keys that would be written or deleted. */
  readonly writes: number;
  /** `14 to create, 1 to replace` … */
  readonly summary: string;
}

/** One app, in full. */
export interface AppView {
  readonly kind: 'app';
  readonly card: AppCard;
  /** What the conditions say, in sentences. */
  readonly messages: readonly string[];
  /** What a person must decide or do. */
  readonly needs: readonly string[];
  readonly chain: readonly ChainLink[];
  readonly omittedRoles: number;
  readonly settings: SettingsView | undefined;
  readonly runs: readonly RunView[];
  /** Runs that are older than those. */
  readonly omittedRuns: number;
  readonly approvals: readonly ApprovalView[];
}

/** The cluster has no such app. */
export interface MissingView {
  readonly kind: 'missing';
  readonly key: AppKey;
}

/** One message to the page. */
export interface PageModel {
  /** What is watched, for example `namespace prod`. */
  readonly scope: string;
  /** Why what is shown may be old or incomplete; empty when it is current and complete. */
  readonly problems: readonly string[];
  readonly view: GridView | AppView | MissingView;
}

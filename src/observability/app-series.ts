import type { Steps } from '../async/in-turns.ts';
import { metricsPrefix } from './metrics.ts';

/** The labels that identify the series of one app. */
export interface AppLabels {
  readonly namespace: string;
  readonly target: string;
  readonly admin: string;
  readonly app: string;
}

/** What the series of one app say. */
export interface AppSeriesFacts {
  readonly labels: AppLabels;
  /** Of each role, or of the delegated role that expires first. */
  readonly files: readonly {
    readonly role: string;
    readonly expires: Date;
    /** Share of its lifetime that is left; undefined when the lifetime is not known. */
    readonly lifetimeLeft: number | undefined;
  }[];
  /** Whether everything would come back; undefined when that is not known. */
  readonly isRecoverable: boolean | undefined;
}

/** Series of one name. */
interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge';
  readonly labelNames: readonly string[];
}

/** The label that the series of one file have beside those of its app, and the value. */
type Sample = readonly [role: string | undefined, value: number];

const ofApp = ['namespace', 'target', 'admin', 'app'] as const satisfies readonly (keyof AppLabels)[];
const ofRole = [...ofApp, 'role'];

const families: readonly (readonly [Family, samples: (facts: AppSeriesFacts) => readonly Sample[]])[] = [
  [
    family(
      'app_metadata_expires_timestamp_seconds',
      'Unix time when metadata of a guarded app expires, by role: root, timestamp, snapshot, targets, or delegated for the delegated role that expires first.',
      ofRole,
    ),
    ({ files }) => files.map(({ role, expires }) => [role, expires.getTime() / 1000]),
  ],
  [
    family(
      'app_metadata_lifetime_left_ratio',
      'Share of its lifetime that metadata of a guarded app has left, by role: 1 when just signed, 0 or less when expired. Absent when the lifetime is not known.',
      ofRole,
    ),
    ({ files }) =>
      files.flatMap(({ role, lifetimeLeft }): readonly Sample[] =>
        lifetimeLeft === undefined ? [] : [[role, lifetimeLeft]],
      ),
  ],
  [
    family(
      'app_recoverable',
      'Whether a recovery would restore every setting of a guarded app exactly: 1 or 0. Absent while that is not known.',
      ofApp,
    ),
    ({ isRecoverable }) => (isRecoverable === undefined ? [] : [[undefined, isRecoverable ? 1 : 0]]),
  ],
];

/** The declarations of all series of apps. */
export const appFamilies: readonly Family[] = families.map(([declaration]) => declaration);

/** Characters of one piece of text; some hundred series. */
const pieceLength = 64 * 1024;

/**
 * The series of all apps in the Prometheus text format, in pieces. They are worked out for one scrape and not
 * kept: a registry would hold 32 MiB between two scrapes of ten thousand apps, and take half a second at a
 * stretch for each.
 */
export function* appSeries(apps: Iterable<AppSeriesFacts>): Steps<readonly Uint8Array[]> {
  const texts = families.map(([{ name, help, type }, samplesOf]) => ({
    name,
    samplesOf,
    text: `\n# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`,
    pieces: [] as Uint8Array[],
  }));
  for (const facts of apps) {
    const labels = ofApp.map((label) => `${label}="${escaped(facts.labels[label])}"`).join(',');
    for (const each of texts) {
      for (const [role, value] of each.samplesOf(facts)) {
        const more = role === undefined ? '' : `,role="${escaped(role)}"`;
        each.text += `${each.name}{${labels}${more}} ${valueText(value)}\n`;
      }
      if (each.text.length >= pieceLength) {
        each.pieces.push(Buffer.from(each.text));
        each.text = '';
      }
    }
    yield;
  }
  return texts.flatMap(({ pieces, text }) => [...pieces, Buffer.from(text)]);
}

function family(name: string, help: string, labelNames: readonly string[]): Family {
  return { name: `${metricsPrefix}_${name}`, help, type: 'gauge', labelNames };
}

/** A label's value as the text format writes it. */
function escaped(value: string): string {
  return /[\\\n"]/.test(value)
    ? value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')
    : value;
}

function valueText(value: number): string {
  if (Number.isFinite(value) || Number.isNaN(value)) {
    return String(value);
  }
  return value > 0 ? '+Inf' : '-Inf';
}

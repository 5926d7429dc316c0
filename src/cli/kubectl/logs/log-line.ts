import type { OutputStyle, Tone } from '../../output/style.ts';
import { terminalText } from '../../output/terminal-text.ts';

/** One line of a controller's log. */
export interface LogLine {
  /** As the controller wrote it. */
  readonly raw: string;
  /** What its JSON holds; empty for a line that is none, such as the stack of a crash. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** RFC 3339 in UTC: text order is time order. Empty where the line has none. */
  readonly time: string;
}

/** Reads one line. */
export function parseLogLine(raw: string): LogLine {
  const fields = fieldsOf(raw);
  const time = fields['time'];
  return { raw, fields, time: typeof time === 'string' ? time : '' };
}

function fieldsOf(raw: string): Readonly<Record<string, unknown>> {
  if (!raw.startsWith('{')) {
    return {};
  }
  try {
    const value: unknown = JSON.parse(raw);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

const tones: Readonly<Record<string, Tone>> = { error: 'bad', fatal: 'bad', warn: 'warning', debug: 'quiet' };
/** Shown in front, or of use only where lines of one attempt are sought. */
const elsewhere = new Set([
  'time',
  'level',
  'msg',
  'controller',
  'namespace',
  'name',
  'reconcileID',
  'taskID',
]);

/** A line for people: time, level, object, message, and what else it says. Ends in a line break. */
export function logLineText({ raw, fields, time }: LogLine, paint: OutputStyle): string {
  const { level, msg, controller, namespace, name } = fields;
  if (typeof level !== 'string' || typeof msg !== 'string') {
    return `${terminalText(raw)}\n`;
  }
  const object = [controller, namespace, name].filter((each) => typeof each === 'string').join('/');
  const rest = Object.entries(fields)
    .filter(([key]) => !elsewhere.has(key))
    .map(([key, value]) => `${key}=${valueText(value)}`);
  const parts = [
    paint('quiet', terminalText(time)),
    paint(tones[level] ?? 'good', terminalText(level.padEnd(5))),
    ...(object === '' ? [] : [terminalText(object)]),
    terminalText(msg),
    ...(rest.length === 0 ? [] : [paint('quiet', terminalText(rest.join(' ')))]),
  ];
  return `${parts.join('  ')}\n`;
}

/** Of an error its message: the stack is for --raw. */
function valueText(value: unknown): string {
  if (typeof value === 'object' && value !== null && 'message' in value) {
    return JSON.stringify(value.message);
  }
  return typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}

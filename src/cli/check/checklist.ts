import type { CommandContext } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { type OutputFlags, writeResult } from '../output/output.ts';
import { type OutputStyle, paintFor, type Tone } from '../output/style.ts';
import { terminalText } from '../output/terminal-text.ts';
import { wrapText } from '../output/wrap.ts';
import type { CheckItem, CheckReport } from './check-report.ts';

const marks: Readonly<Record<CheckItem['result'], readonly [mark: string, tone: Tone]>> = {
  ok: ['✓', 'good'],
  warning: ['!', 'warning'],
  failed: ['✗', 'bad'],
  skipped: ['-', 'quiet'],
};

export function okItem(name: string, message: string): CheckItem {
  return { name, result: 'ok', message };
}

export function warningItem(name: string, message: string, fix: string): CheckItem {
  return { name, result: 'warning', message, fix };
}

export function failedItem(name: string, message: string, fix: string): CheckItem {
  return { name, result: 'failed', message, fix };
}

export function skippedItem(name: string, message: string): CheckItem {
  return { name, result: 'skipped', message };
}

/**
 * A text of the taxonomy says what is wrong and, behind the first full stop or semicolon, what to do. `fix`
 * is left out when it says only what is wrong.
 */
export function splitAdvice(text: string): { readonly what: string; readonly fix?: string } {
  const [, what, advice = ''] = /^(.*?)[.;] (.*)$/s.exec(text) ?? [];
  return what === undefined
    ? { what: text }
    : { what: `${what}.`, fix: advice.charAt(0).toUpperCase() + advice.slice(1) };
}

/** Shows a checklist; the exit code says whether everything passed. Warnings pass. */
export async function writeChecklist(
  items: readonly CheckItem[],
  flags: OutputFlags,
  context: CommandContext,
): Promise<ExitCode> {
  const passed = items.every(({ result }) => result !== 'failed');
  const report: CheckReport = { passed, items: [...items] };
  await writeResult(context, flags.output, report, () => checklistText(items, paintFor(context)));
  return passed ? exitCodes.done : exitCodes.failed;
}

function checklistText(items: readonly CheckItem[], paint: OutputStyle): string {
  const indent = 4 + Math.max(...items.map(({ name }) => name.length));
  const lines = items.map((item) => {
    const [mark, tone] = marks[item.result];
    const head = `${paint(tone, mark)} ${item.name.padEnd(indent - 2)}`;
    const message = wrapText(terminalText(item.message), indent, paint.columns).slice(indent);
    const fix = 'fix' in item ? wrapText(`→ ${terminalText(item.fix)}`, indent, paint.columns) : '';
    return head + message + fix;
  });
  return `${lines.join('')}\n${summary(items)}\n`;
}

function summary(items: readonly CheckItem[]): string {
  const count = (wanted: CheckItem['result']): number =>
    items.filter(({ result }) => result === wanted).length;
  const parts = [
    `${count('ok')} passed`,
    `${count('failed')} failed`,
    ...(count('warning') > 0 ? [`${count('warning')} to look at`] : []),
    ...(count('skipped') > 0 ? [`${count('skipped')} not checked`] : []),
  ];
  return `${parts.join(', ')}.`;
}

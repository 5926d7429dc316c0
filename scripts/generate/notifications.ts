import { readFile } from 'node:fs/promises';
import { notificationTopics } from '../../src/notifications/topics.ts';

const prose = new URL('prose/notifications.md', import.meta.url);

/** The task page of notifications: hand-written, with the table of topics from the code. */
export async function generateNotificationsPage(): Promise<ReadonlyMap<string, string>> {
  const rows = Object.entries(notificationTopics).map(([topic, covers]) => `| \`${topic}\` | ${covers} |\n`);
  const table = `| topic | sent when |\n| --- | --- |\n${rows.join('')}`;
  const page = (await readFile(prose, 'utf8')).replace('<!-- topics -->\n', table);
  return new Map([['docs/tasks/notifications.md', page]]);
}

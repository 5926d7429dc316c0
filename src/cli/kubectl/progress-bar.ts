const cells = 12;

/**
 * A bar for a table's cell: `completed` of `total`, as wide in every state. `total` 0 means not known yet.
 *
 * @param blocks draws with block characters; otherwise with ASCII, for logs and pipes
 */
export function progressBar(completed: number, total: number, blocks: boolean): string {
  const share = total > 0 ? Math.min(1, Math.max(0, completed / total)) : 0;
  const full = Math.floor(share * cells);
  const [done, open] = blocks ? ['█', '░'] : ['#', '.'];
  return done.repeat(full) + open.repeat(cells - full);
}

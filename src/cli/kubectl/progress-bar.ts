/** Cells of a bar. */
const cells = 16;
const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/**
 * A bar for `completed` of `total`, as wide in every state. `total` 0 means not known yet: an empty bar.
 * @param fine block characters an eighth of a cell wide; otherwise ASCII.
 */
export function progressBar(completed: number, total: number, fine: boolean): string {
  const share = total > 0 ? Math.min(1, Math.max(0, completed / total)) : 0;
  if (!fine) {
    const full = Math.floor(share * cells);
    return `[${'#'.repeat(full)}${'.'.repeat(cells - full)}]`;
  }
  const units = Math.floor(share * cells * 8);
  const bar = '█'.repeat(Math.floor(units / 8)) + (eighths[units % 8] ?? '');
  return bar.padEnd(cells, '░');
}

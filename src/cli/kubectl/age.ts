/** A duration as kubectl shows ages: two units at most, the finer one only while it says something. */
export function ageText(from: string | undefined, now: Date): string {
  const started = from === undefined ? Number.NaN : Date.parse(from);
  if (Number.isNaN(started)) {
    return '-';
  }
  const seconds = Math.max(0, Math.floor((now.getTime() - started) / 1000));
  if (seconds < 120) {
    return `${seconds}s`;
  }
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) {
    return pair(minutes, 'm', seconds % 60, 's');
  }
  if (minutes < 180) {
    return `${minutes}m`;
  }
  const hours = Math.floor(minutes / 60);
  if (hours < 8) {
    return pair(hours, 'h', minutes % 60, 'm');
  }
  if (hours < 48) {
    return `${hours}h`;
  }
  const days = Math.floor(hours / 24);
  return days < 8 ? pair(days, 'd', hours % 24, 'h') : `${days}d`;
}

function pair(coarse: number, unit: string, fine: number, fineUnit: string): string {
  return fine === 0 ? `${coarse}${unit}` : `${coarse}${unit}${fine}${fineUnit}`;
}

/** The first `maxLength` UTF-16 units of a text, well-formed, with an ellipsis where something was cut. */
export function truncate(text: string, maxLength: number): string {
  // The API server counts code points, of which there are never more than UTF-16 units.
  return text.length > maxLength ? `${text.slice(0, maxLength - 1).toWellFormed()}…` : text.toWellFormed();
}

/**
 * A length of time as kubectl shows ages: two units at most, the finer one only while it says something.
 *
 * @param milliseconds what is negative counts as none
 */
export function shortDuration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
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

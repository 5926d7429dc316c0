/** Names that are listed when none is close. */
const mostListed = 10;

/**
 * For a message about a name that does not exist: the one that was probably meant, and otherwise those
 * there are.
 *
 * @param kind plural, for example `apps`
 */
export function suggestion(typed: string, names: readonly string[], kind: string): string {
  if (names.length === 0) {
    return `There are no ${kind}.`;
  }
  const closest = closestName(typed, names);
  if (closest !== undefined) {
    return `Did you mean ${closest}?`;
  }
  const more = names.length > mostListed ? ` and ${names.length - mostListed} more` : '';
  return `There are the ${kind} ${names.slice(0, mostListed).join(', ')}${more}.`;
}

/** The name that differs least, when it differs by typing errors only: a third of its letters at most. */
export function closestName(typed: string, names: readonly string[]): string | undefined {
  const [best] = names
    .map((name) => ({ name, distance: distance(typed.toLowerCase(), name.toLowerCase()) }))
    .toSorted((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= Math.max(1, Math.ceil(best.name.length / 3))
    ? best.name
    : undefined;
}

/**
 * Edit distance with transpositions (optimal string alignment); names of metadata are bounded, so this is,
 * too.
 */
function distance(a: string, b: string): number {
  const rows: number[][] = [[...Array(b.length + 1).keys()]];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j += 1) {
      const isSame = a[i - 1] === b[j - 1];
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(
        Math.min(
          at(i - 1, j) + 1,
          at(i, j - 1) + 1,
          at(i - 1, j - 1) + (isSame ? 0 : 1),
          isSwapped ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
  }
  return at(a.length, b.length);
}

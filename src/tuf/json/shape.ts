/**
 * Which members a format gives its objects. The server reads metadata with Go's encoding/json, which takes a
 * member for a field of a structure when the names are equal without regard to case, and the last of several
 * counts. Where a file is read into a map (roles, keys, `meta`), names are data and compared exactly.
 */
export interface JSONShape {
  /** For an object with fixed members: their names, and what their values look like. */
  readonly fields?: ReadonlyMap<string, JSONShape>;
  /** Their names by the folded form. */
  readonly folded?: ReadonlyMap<string, string>;
  /** For an array or a map: what its items look like. */
  readonly items?: JSONShape;
}

/** A value about which nothing is said. */
export const NO_SHAPE: JSONShape = {};

/** An object with these members. */
export function objectShape(fields: Readonly<Record<string, JSONShape>>): JSONShape {
  const names = Object.keys(fields);
  return {
    fields: new Map(Object.entries(fields)),
    folded: new Map(names.map((name) => [fold(name), name])),
  };
}

/** An array or a map of such items. */
export function listShape(items: JSONShape): JSONShape {
  return { items };
}

/** The member that Go takes `name` for, when it is not spelled like one. */
export function fieldNamed(shape: JSONShape, name: string): string | undefined {
  return shape.folded?.get(fold(name));
}

/**
 * Simple Unicode case folding, as far as it can meet ASCII: two letters outside ASCII fold to one inside, the
 * long s (U+017F) and the Kelvin sign (U+212A).
 */
function fold(name: string): string {
  return name
    .replaceAll('\u017f', 's')
    .replaceAll('\u212a', 'k')
    .replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}

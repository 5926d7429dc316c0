/** Text that is safe between tags and in quoted attributes. */
class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Part = string | number | Markup | readonly Markup[];

/** Escapes everything that is put in, except what is markup itself: names and values may hold anything. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  const text = strings.map((literal, at) => literal + (at < parts.length ? render(parts[at] ?? '') : ''));
  return new Markup(text.join(''));
}

function render(part: Part): string {
  if (part instanceof Markup) {
    return part.text;
  }
  if (typeof part === 'object') {
    return part.map(({ text }) => text).join('');
  }
  return String(part).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

export type { Markup };

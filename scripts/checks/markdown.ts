/** A fenced block of a page. */
export interface Fence {
  /** Its language, `sh` or `yaml`; empty when it names none. */
  readonly language: string;
  readonly code: string;
  /** Line of its first fence, from 1. */
  readonly line: number;
  /** The HTML comment right above it, such as `run`; undefined when there is none. */
  readonly directive: string | undefined;
}

/** A link or an image. */
export interface Link {
  readonly target: string;
  readonly line: number;
}

/** What the checks need to know of a markdown page. */
export interface Page {
  readonly fences: readonly Fence[];
  /** Outside of fenced blocks and code spans. */
  readonly links: readonly Link[];
  /** What can stand behind `#`: one per heading, as GitHub makes them, and every explicit id. */
  readonly anchors: ReadonlySet<string>;
}

const fenceLine = /^\s*(`{3,})(\S*)/;
const commentLine = /^<!--\s*(.*?)\s*-->$/;
const link = /!?\[[^\]]*\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g;
const explicitID = /<a\s+id="([^"]+)">/g;

/**
 * Reads a page. Not a whole markdown parser: fences, inline links and headings, as these pages write them.
 */
export function readPage(text: string): Page {
  const fences: Fence[] = [];
  const links: Link[] = [];
  const slugs = new Slugs();
  let open: { readonly marker: string; readonly fence: Fence; readonly lines: string[] } | undefined;
  let directive: string | undefined;

  text.split('\n').forEach((content, index) => {
    const line = index + 1;
    if (open !== undefined) {
      if (content.trim() === open.marker) {
        fences.push({ ...open.fence, code: open.lines.join('\n') });
        open = undefined;
      } else {
        open.lines.push(content);
      }
      return;
    }
    const [, marker, language = ''] = fenceLine.exec(content) ?? [];
    if (marker !== undefined) {
      open = { marker, fence: { language, code: '', line, directive }, lines: [] };
      directive = undefined;
      return;
    }
    const comment = commentLine.exec(content)?.[1];
    // A blank line may stand between the comment and its block.
    if (comment !== undefined || content.trim() !== '') {
      directive = comment;
    }
    const heading = /^#{1,6}\s+(.*)$/.exec(content)?.[1];
    if (heading !== undefined) {
      slugs.addHeading(heading);
    }
    for (const [, id] of content.matchAll(explicitID)) {
      if (id !== undefined) {
        slugs.add(id);
      }
    }
    const prose = content.replaceAll(/`[^`]*`/g, '`code`');
    for (const [, target] of prose.matchAll(link)) {
      if (target !== undefined) {
        links.push({ target, line });
      }
    }
  });
  if (open !== undefined) {
    throw new Error(`line ${open.fence.line}: this block is never closed`);
  }
  return { fences, links, anchors: slugs.all };
}

/** Anchors of a page; a heading that occurs again gets a number. */
class Slugs {
  readonly all = new Set<string>();
  readonly #seen = new Map<string, number>();

  add(anchor: string): void {
    this.all.add(anchor);
  }

  addHeading(heading: string): void {
    const text = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1');
    const slug = text
      .trim()
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M}\s_-]/gu, '')
      .replaceAll(' ', '-');
    const times = this.#seen.get(slug) ?? 0;
    this.#seen.set(slug, times + 1);
    this.all.add(times === 0 ? slug : `${slug}-${times}`);
  }
}

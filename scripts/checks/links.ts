import { dirname, join, normalize } from 'node:path';
import type { Page } from './markdown.ts';
import { exists } from './pages.ts';
import type { Problem } from './problem.ts';

/** Links to other sites are not followed: a page must not fail because another site is down. */
const elsewhere = /^[a-z][a-z0-9+.-]*:/i;

/** Every relative link whose file or anchor does not exist. */
export function brokenLinks(root: string, pages: ReadonlyMap<string, Page>): readonly Problem[] {
  const problems: Problem[] = [];
  for (const [file, page] of pages) {
    for (const { target, line } of page.links) {
      if (elsewhere.test(target)) {
        continue;
      }
      const [path = '', anchor] = target.split('#');
      const linked = path === '' ? file : normalize(join(dirname(file), decodeURI(path)));
      if (!exists(root, linked)) {
        problems.push({ file, line, what: `links to ${target}, but there is no ${linked}` });
        continue;
      }
      const anchors = pages.get(linked)?.anchors;
      if (anchor !== undefined && anchors !== undefined && !anchors.has(anchor)) {
        problems.push({
          file,
          line,
          what: `links to ${target}, but ${linked} has no heading for #${anchor}`,
        });
      }
    }
  }
  return problems;
}

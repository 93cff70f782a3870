import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectDirectory } from '../harness/parts.ts';

/** The fences whose contents a test executes or fills in; `text` is for everything else. */
export type Fence = 'sh' | 'console' | 'ini' | 'sql';
export const FENCES: readonly Fence[] = ['sh', 'console', 'ini', 'sql'];

export function pageText(page: string): string {
  return readFileSync(join(projectDirectory, page), 'utf8');
}

/** The blocks of a page that have that fence, in their order. */
export function blocksOf(page: string, fence: Fence): string[] {
  const pattern = new RegExp(`^\`\`\`${fence}\\n(.*?)^\`\`\`$`, 'gms');
  return [...pageText(page).matchAll(pattern)].map(([, block]) => block ?? '');
}

/** The settings of a block of assignments. */
export function settingsIn(block: string): Record<string, string> {
  return Object.fromEntries(
    block
      .trim()
      .split('\n')
      .map((line) => {
        const [, name = '', value = ''] = /^(\w+)=(.*)$/.exec(line) ?? [];
        return [name, value];
      }),
  );
}

/** The names in code in the first column of the table below a heading. */
export function namesInTable(page: string, heading: string): string[] {
  const [, section = ''] = pageText(page).split(`\n## ${heading}\n`);
  const rows = section.split(/^## /m)[0]?.match(/^\| `.*$/gm) ?? [];
  return rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
  );
}

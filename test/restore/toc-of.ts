import type { Toc, TocEntry } from '../../src/archive/toc.ts';

/** A table of contents with these entries, of what they leave out the most common. */
export function tocOf(entries: readonly Partial<TocEntry>[], changes: Partial<Toc> = {}): Toc {
  return {
    ...{ formatMinor: 14, database: 'shop', serverVersion: '15.18', dumpVersion: '15.18', encoding: 'UTF8' },
    ...changes,
    entries: entries.map((entry, index) => ({
      ...{ dumpId: index + 1, catalogId: '0', objectId: '0', tag: '', kind: 'TABLE', definition: '' },
      ...{ dropStatement: '', schema: 'public', tablespace: '', owner: '', hasData: false, dependencies: [] },
      ...entry,
    })),
  };
}

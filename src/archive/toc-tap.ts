import { Transform } from 'node:stream';
import { createTocCollector } from './read-toc.ts';
import type { Toc } from './toc.ts';

/** Passes an archive on and tells its table of contents as soon as it has come by. */
export function tocTap(onToc: (toc: Toc) => void): Transform {
  const collector = createTocCollector();
  const tell = (find: () => Toc | undefined): void => {
    try {
      const toc = find();
      if (toc) onToc(toc);
    } catch {
      // What pg_dump wrote is judged when it is read back, not here.
    }
  };
  return new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      tell(() => collector.add(chunk));
      callback(null, chunk);
    },
    flush(callback) {
      tell(() => collector.end());
      callback();
    },
  });
}

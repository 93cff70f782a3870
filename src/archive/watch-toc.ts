import { Transform } from 'node:stream';
import { createTocCollector, readTocOfFile } from './read-toc.ts';
import { NotAnArchive, type Toc } from './toc.ts';

const LOOK_MILLISECONDS = 250;

/** Tells the table of contents of an archive that pg_dump is writing to a file, once; `end` looks a last time. What is no archive is told by nobody. */
export function watchToc(file: string, onToc: (toc: Toc) => void): { end(): Promise<void> } {
  let isOver = false;
  let looking = Promise.resolve();
  const look = async (): Promise<void> => {
    if (isOver) return;
    const toc = await readTocOfFile(file).catch((error) => {
      if (error instanceof NotAnArchive) stop();
      return undefined;
    });
    if (!toc) return;
    stop();
    onToc(toc);
  };
  const stop = (): void => {
    isOver = true;
    clearInterval(timer);
  };
  const timer = setInterval(() => {
    looking = looking.then(look);
  }, LOOK_MILLISECONDS);
  return {
    async end() {
      clearInterval(timer);
      await looking.then(look);
    },
  };
}

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

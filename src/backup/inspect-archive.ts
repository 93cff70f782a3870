import { Transform } from 'node:stream';
import { CutShort, collectAnyHead, DamagedHead, type ReadHead } from '../archive/reencode/head.ts';
import { ItemReader, type ItemSink } from '../archive/reencode/item-reader.ts';
import { NotAnArchive, type Toc } from '../archive/toc.ts';
import { PgBackupError } from '../errors.ts';
import type { Text } from '../language.ts';

export interface Inspection {
  /** Told the table of contents as soon as it has come by. */
  readonly onToc: ((toc: Toc) => void) | undefined;
  /** Whether pg_restore will judge the archive, too: a beginning that is not as expected is then left to it. */
  readonly isReadBack: boolean;
}

/**
 * Passes an archive on, compressed in whatever way. Fails with DUMP_FAILED where it ends before the data of each entry came, or is none; of a format
 * that is not known here nothing is said.
 */
export function inspectArchive({ onToc, isReadBack }: Inspection): Transform {
  const collect = collectAnyHead();
  let items: ItemReader | undefined;
  let isLeftAlone = false;
  const begin = (head: ReadHead | undefined): void => {
    if (!head) return;
    onToc?.(head.toc);
    items = new ItemReader(head.entriesWithData, NOWHERE);
    items.read(head.rest, 0);
  };
  const mayPass = (error: NotAnArchive): boolean =>
    !items && !(error instanceof CutShort) && (isReadBack || !(error instanceof DamagedHead));
  const judge = (look: () => void): Error | null => {
    try {
      look();
      return null;
    } catch (error) {
      if (!(error instanceof NotAnArchive)) return error as Error;
      isLeftAlone = mayPass(error);
      return isLeftAlone ? null : notWhole(error);
    }
  };
  return new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      const look = (): void => {
        if (items) items.read(chunk, 0);
        else begin(collect(chunk));
      };
      callback(isLeftAlone ? null : judge(look), chunk);
    },
    flush(callback) {
      const look = (): void => {
        if (!items) throw new CutShort('cut short');
        items.end();
      };
      callback(isLeftAlone ? null : judge(look));
    },
  });
}

/** DUMP_FAILED for what a pg_dump wrote: one that said that all was well at its end, or that nobody let go on. */
export function notWhole(error: NotAnArchive): PgBackupError {
  return new PgBackupError('DUMP_FAILED', {
    outcome: error instanceof CutShort ? { en: 'exit code 0', zh: '退出码 0' } : ENDED_BY_US,
    detail: {
      en: `what it wrote is not a whole archive: ${error.message}`,
      zh: `其输出不是完整的归档：${error.message}`,
    },
  });
}

/** The outcome of a pg_dump whose output was of no use any more. */
export const ENDED_BY_US: Text = { en: 'ended by us', zh: '由本程序结束' };

/** Only where the items begin and end is of interest. */
const NOWHERE: ItemSink = {
  isFull: false,
  addBytes() {},
  beginItem() {},
  addContent: (_chunk, from, to) => to - from,
  endItem() {},
};

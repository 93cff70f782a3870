import { Transform } from 'node:stream';
import type { Toc } from '../archive/toc.ts';

/** Settings stand at the beginning of a script, what --clean drops comes right behind them, and then the first entry. */
const FIRST_ENTRY = /^(CREATE |-- (Data for )?Name: )/;
const LINE_END = 10;

/** `SET` of clients from 17 on that older servers refuse. */
export const TRANSACTION_TIMEOUT = 'SET transaction_timeout = 0;';

/** Of a script of one transaction, which is begun and ended by whoever passes it on. */
export const BEGIN = 'BEGIN;';

/**
 * What --clean cannot drop although pg_restore tries to: the constraint of a partition goes with that of its parent, and alone it is an error that ends a
 * transaction. As pg_restore writes it (pg_backup_archiver.c, RestoreArchive, for --if-exists).
 */
export function dropsOfAttachedConstraints(toc: Toc): string[] {
  const byId = new Map(toc.entries.map((entry) => [entry.dumpId, entry]));
  return toc.entries
    .filter(({ kind }) => kind === 'INDEX ATTACH')
    .flatMap(({ tag, dependencies }) =>
      [...new Set(dependencies)].flatMap((id) => {
        const entry = byId.get(id);
        return entry?.kind === 'CONSTRAINT' && entry.tag.endsWith(` ${tag}`) ? [entry.dropStatement] : [];
      }),
    )
    .map((statement) =>
      statement
        .trim()
        .replace(/^ALTER TABLE /, 'ALTER TABLE IF EXISTS ')
        .replace(/ DROP CONSTRAINT /, ' DROP CONSTRAINT IF EXISTS '),
    );
}

/** Takes whole lines out of the beginning of pg_restore's script; from the first entry on everything passes as it is. */
export function withoutLines(unwanted: readonly string[]): Transform {
  // Byte by byte: the script is in the encoding of the database.
  const lines = new Set(unwanted.map((line) => Buffer.from(line).toString('latin1')));
  let open = Buffer.alloc(0);
  let isOver = false;
  const take = (): Buffer => {
    const kept: Buffer[] = [];
    let start = 0;
    for (let end = open.indexOf(LINE_END); end >= 0 && !isOver; end = open.indexOf(LINE_END, start)) {
      const line = open.toString('latin1', start, end);
      isOver = FIRST_ENTRY.test(line);
      if (!lines.has(line)) kept.push(open.subarray(start, end + 1));
      start = end + 1;
    }
    if (isOver) kept.push(open.subarray(start));
    open = isOver ? Buffer.alloc(0) : open.subarray(start);
    return Buffer.concat(kept);
  };
  return new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      if (isOver) return callback(null, chunk);
      open = Buffer.concat([open, chunk]);
      callback(null, take());
    },
    flush(callback) {
      callback(null, open);
    },
  });
}

/** What pg_restore --single-transaction ends its script with, but for the comment and the end of psql's restricted mode behind it. */
const LAST_COMMIT = /\nCOMMIT;\n(?=\n--\n-- PostgreSQL database dump complete\n--\n)/;
const KEPT_BACK_BYTES = 4096;

/** Takes the COMMIT from the end of the script of one transaction; fails where there is none, because then the script is not whole. */
export function withoutCommit(): Transform {
  let tail = Buffer.alloc(0);
  return new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      const all = Buffer.concat([tail, chunk]);
      const end = Math.max(0, all.length - KEPT_BACK_BYTES);
      tail = all.subarray(end);
      callback(null, all.subarray(0, end));
    },
    flush(callback) {
      const text = tail.toString('latin1');
      if (!LAST_COMMIT.test(text)) return callback(new Error('the script of pg_restore has no end'));
      callback(null, Buffer.from(text.replace(LAST_COMMIT, '\n'), 'latin1'));
    },
  });
}

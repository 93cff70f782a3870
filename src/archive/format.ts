/** Facts of the custom format that its readers and writers share (PostgreSQL sources, pg_backup_archiver.h and .c, pg_backup_custom.c). */

export const MAGIC = 'PGDMP';
export const MAJOR_VERSION = 1;
/** Those of clients 12 to 15; 16; 17 and 18. */
export const FORMAT_MINORS: readonly number[] = [14, 15, 16];
/** From this minor version on the compression is an algorithm in one byte; before, a level as an integer. */
export const WITH_ALGORITHM = 15;

/** Of an entry's data (WriteOffset): the offset is not set, it is set, there are no data. */
export const FLAG = { notSet: 1, set: 2, noData: 3 };
export const OFFSET_BYTES = 8;
export const FLAG_AND_OFFSET_BYTES = 1 + OFFSET_BYTES;

/** What a data item begins with: BLK_DATA, BLK_BLOBS. */
export const TABLE_DATA = 1;
export const LARGE_OBJECTS = 3;

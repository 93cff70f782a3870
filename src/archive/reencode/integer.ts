/** A sign byte and four more, the lowest first (PostgreSQL sources, pg_backup_archiver.c: WriteInt). */
export const INTEGER_BYTES = 5;

/** As WriteInt does. */
export function writeInteger(sign: number, value: number): Buffer {
  const bytes = Buffer.alloc(INTEGER_BYTES);
  bytes.writeUInt8(sign, 0);
  bytes.writeUInt32LE(value, 1);
  return bytes;
}

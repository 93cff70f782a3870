import type { Session } from '../postgres/session.ts';
import type { FingerprintLevel } from '../report/record.ts';
import type { LargeObjectFacts } from './fingerprint.ts';
import { GRANT } from './inventory-grants.ts';
import type { InventoryParts } from './inventory-parts.ts';

/** Larger ones than lo_get() can return are read in pieces. */
const PIECE_BYTES = 16 * 1024 * 1024;
const READ = 0x40000;

/**
 * How many there are, hashes of what they have of the parts of an object, and for `content` one of their bytes.
 * @throws as Session.query
 */
export async function measureLargeObjects(
  session: Session,
  level: FingerprintLevel,
  parts: InventoryParts,
): Promise<LargeObjectFacts> {
  const wanted = [
    ...(parts.owners ? [['owners', sumOfHashes('pg_get_userbyid(m.lomowner)')] as const] : []),
    ...(parts.grants ? [['grants', sumOfHashes(GRANTS)] as const] : []),
    ...(parts.comments ? [['comments', sumOfHashes(COMMENT)] as const] : []),
    ...(level === 'content' ? [['hash', sumOfHashes(CONTENT)] as const] : []),
  ];
  const hashes = wanted.map(([name, expression]) => `, ${expression} AS ${name}`).join('');
  const [row] = await session.query(`SELECT count(*) AS count${hashes} FROM pg_largeobject_metadata m`);
  return {
    state: 'counted',
    count: Number(row?.['count']),
    ...Object.fromEntries(wanted.map(([name]) => [name, String(row?.[name])])),
  };
}

function sumOfHashes(fact: string): string {
  return `coalesce(sum(hashtextextended(ROW(m.oid, ${fact})::text, 0)), 0)::text`;
}

const GRANTS = `(SELECT string_agg(${GRANT}, ' ' ORDER BY ${GRANT} COLLATE "C") FROM aclexplode(coalesce(m.lomacl, acldefault('L', m.lomowner))) a)`;
const COMMENT = `(SELECT description FROM pg_description WHERE classoid = 'pg_largeobject'::regclass AND objoid = m.oid)`;
/** Each step needs the one before it, so they are taken in their order. */
const CONTENT = `(SELECT string_agg(encode(sha256(lo_get(m.oid, piece, ${PIECE_BYTES})), 'hex'), '' ORDER BY piece)
  FROM lo_open(m.oid, ${READ}) AS handle,
       LATERAL lo_lseek64(handle, 0, 2) AS size,
       LATERAL lo_close(CASE WHEN size >= 0 THEN handle END) AS closed,
       LATERAL generate_series(closed::bigint, size - 1, ${PIECE_BYTES}) AS piece)`;

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TocEntry } from '../../src/archive/toc.ts';
import { type DumpNeeds, needsOf } from '../../src/restore/dump-needs.ts';
import { tocOf } from './toc-of.ts';

const NOTHING: DumpNeeds = { owners: [], grantees: [], others: [], extensions: [], tablespaces: [] };

for (const [what, entry, needs] of [
  ['an owner', { owner: 'the keeper' }, { owners: ['the keeper'] }],
  ['a tablespace', { tablespace: 'fast' }, { tablespaces: ['fast'] }],
  [
    'the tablespace of the database',
    { kind: 'DATABASE', definition: 'CREATE DATABASE x WITH TABLESPACE = "the fast";' },
    { tablespaces: ['the fast'] },
  ],
  ['an extension', { kind: 'EXTENSION', tag: 'hstore' }, { extensions: ['hstore'] }],
  [
    'who is granted something, and by whom',
    {
      kind: 'ACL',
      definition:
        'REVOKE ALL ON TABLE public.t FROM PUBLIC;\nSET SESSION AUTHORIZATION boss;\nGRANT SELECT("a TO b") ON TABLE public."x TO y" TO "it""s" WITH GRANT OPTION;\nRESET SESSION AUTHORIZATION;\n',
    },
    { grantees: ['boss', 'it"s'] },
  ],
  [
    'whose defaults they are',
    {
      kind: 'DEFAULT ACL',
      definition: 'ALTER DEFAULT PRIVILEGES FOR ROLE maker IN SCHEMA s GRANT SELECT ON TABLES TO reader;\n',
    },
    { grantees: ['maker', 'reader'] },
  ],
  [
    'who has settings in the database',
    { kind: 'DATABASE PROPERTIES', definition: "ALTER ROLE settled IN DATABASE shop SET x TO '1';" },
    { grantees: ['settled'] },
  ],
  [
    'nobody for a policy for all',
    { kind: 'POLICY', definition: 'CREATE POLICY p ON public.t USING (true);' },
    {},
  ],
  [
    'those of a policy, and not what its conditions say',
    {
      kind: 'POLICY',
      definition: `CREATE POLICY "a TO b" ON public."x.y TO z" AS RESTRICTIVE FOR SELECT TO reader, "the other" USING ((a <> ' TO nobody USING x'::text));`,
    },
    { others: ['reader', 'the other'] },
  ],
  [
    'nobody for such a condition alone',
    { kind: 'POLICY', definition: "CREATE POLICY p ON public.t USING ((a <> ' TO nobody USING x'::text));" },
    {},
  ],
  [
    'that of a user mapping',
    { kind: 'USER MAPPING', definition: 'CREATE USER MAPPING FOR "the reader" SERVER s OPTIONS (x \'y\');' },
    { others: ['the reader'] },
  ],
  [
    'nobody for a user mapping of all',
    { kind: 'USER MAPPING', definition: 'CREATE USER MAPPING FOR public SERVER s;' },
    {},
  ],
  [
    'nothing for what a function says',
    { kind: 'FUNCTION', definition: 'CREATE FUNCTION f() AS $$\nGRANT x TO y;\n$$;' },
    {},
  ],
] as const satisfies readonly (readonly [string, Partial<TocEntry>, Partial<DumpNeeds>])[]) {
  test(`a dump needs ${what}`, () => {
    assert.deepEqual(needsOf(tocOf([entry])), { ...NOTHING, ...needs });
  });
}

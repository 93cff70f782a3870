import { ERRORS } from '../../../error-table.ts';
import type { SchemaObject } from '../../../schema.ts';
import type { RouteSchema } from '../../http/app.ts';
import {
  answers,
  COUNT,
  described,
  FLAG,
  list,
  object,
  orNull,
  POSITIVE,
  parameters,
  TEXT,
} from './parts.ts';

const TIME = described(TEXT, 'UTC, ISO 8601');
const SECONDS = { type: 'number', minimum: 0 };
const ERROR_CODE = orNull({ enum: Object.keys(ERRORS) });
const PROOF = { enum: ['none', 'read', 'stored', 'restored'] };
const MOMENT = '^\\d{4}-\\d{2}-\\d{2}(T\\d{2}:\\d{2}(:\\d{2}(\\.\\d{1,9})?)?Z)?$';
const PAGING = {
  cursor: {
    type: 'string',
    pattern: '^[A-Za-z0-9_-]{1,1024}$',
    description: '`nextCursor` of the page before',
  },
  limit: described(POSITIVE, 'From 1 to 200; default 50'),
};
const DATABASE = { type: 'string', minLength: 1, maxLength: 255 };
const FROM = {
  type: 'string',
  pattern: MOMENT,
  description: 'Started then or later; a day alone is its midnight in UTC',
};
const TO = { type: 'string', pattern: MOMENT, description: 'Started before then' };

export const RUN: SchemaObject = object({
  run: described(TEXT, 'Its name; not that of the files where somebody else named them'),
  target: described(orNull(TEXT), 'Whose settings fit; null where targets have no names'),
  database: TEXT,
  server: described(TEXT, '`host:port` that was backed up'),
  startedAt: TIME,
  finishedAt: orNull(TIME),
  durationSeconds: orNull(SECONDS),
  mode: orNull(TEXT),
  status: described({ enum: ['SUCCESS', 'FAILED'] }, 'As it ended'),
  succeeded: described(FLAG, 'It ended as a success, or was made good by a later upload'),
  proof: described(
    orNull(PROOF),
    'How far it is proven: read back, stored elsewhere, restored; null without a record',
  ),
  sizeBytes: described(orNull(COUNT), 'Of the dump'),
  encryption: orNull(TEXT),
  copies: described(orNull(COUNT), 'Confirmed remote files; null without a record'),
  awaitsUpload: FLAG,
  hasWarning: described(FLAG, 'It looks unlike the runs before, and nobody has accepted that'),
  errorCode: ERROR_CODE,
  hasReport: FLAG,
  hasRecord: FLAG,
});

export const DRILL: SchemaObject = object({
  drill: described(TEXT, 'The name of its record'),
  run: TEXT,
  database: TEXT,
  startedAt: TIME,
  finishedAt: orNull(TIME),
  durationSeconds: orNull(SECONDS),
  outcome: { enum: ['equal', 'incomplete', 'different', 'failed'] },
  source: described(orNull(TEXT), 'Where the dump came from: local or remote'),
  sizeBytes: COUNT,
  recoverySeconds: described(orNull(SECONDS), 'From the first byte fetched to the last row restored'),
  differences: COUNT,
  errorCode: ERROR_CODE,
});

const NEXT_CURSOR = described(orNull(TEXT), 'For the next page; null on the last one');

export const RUNS: RouteSchema = {
  summary: 'Runs, the newest start first',
  tags: ['runs'],
  querystring: parameters({
    target: DATABASE,
    database: DATABASE,
    status: { enum: ['SUCCESS', 'FAILED'] },
    proof: described(PROOF, 'At least so far proven'),
    from: FROM,
    to: TO,
    ...PAGING,
  }),
  response: answers(object({ runs: list(RUN), nextCursor: NEXT_CURSOR })),
};

const ANY_OBJECT = { type: 'object', additionalProperties: true };

export const ONE_RUN: RouteSchema = {
  summary: 'Everything about one run',
  tags: ['runs'],
  params: object({ run: { type: 'string', minLength: 1, maxLength: 255 } }),
  querystring: parameters({ target: described(DATABASE, 'Where targets have runs of the same name') }),
  response: answers(
    object({
      run: RUN,
      report: described(
        orNull(ANY_OBJECT),
        'As the platform reads it; null where it is not there or unreadable',
      ),
      record: described(
        orNull(ANY_OBJECT),
        'The full account: stages, artifacts, remote objects, fingerprint, error with its hint',
      ),
      drills: list(ANY_OBJECT, 'The full accounts of its newest drills, at most 20'),
    }),
  ),
};

export const DRILLS: RouteSchema = {
  summary: 'Drills, the newest first',
  tags: ['drills'],
  querystring: parameters({
    database: DATABASE,
    run: DATABASE,
    outcome: { enum: ['equal', 'incomplete', 'different', 'failed'] },
    ...PAGING,
  }),
  response: answers(object({ drills: list(DRILL), nextCursor: NEXT_CURSOR })),
};

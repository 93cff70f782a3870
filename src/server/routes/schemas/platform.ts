import type { RouteSchema } from '../../http/app.ts';
import { answers, COUNT, described, list, object, orNull, POSITIVE, TEXT } from './parts.ts';

const NUMBER = { type: 'number' };

const RECORD = object({
  database: TEXT,
  startedAt: TEXT,
  finishedAt: orNull(TEXT),
  durationSeconds: orNull(NUMBER),
  mode: orNull(TEXT),
  status: { enum: ['SUCCESS', 'FAILED'] },
  sizeBytes: orNull(NUMBER),
  localFile: orNull(TEXT),
  remoteUrls: described(orNull(list(TEXT)), 'null where nothing was uploaded'),
});

export const PLATFORM_LATEST: RouteSchema = {
  summary: 'The newest report',
  description: 'The shape is agreed with the platform. Without `data` where there is no report yet.',
  tags: ['platform'],
  response: answers({
    type: 'object',
    properties: { code: { const: 200 }, message: { const: '' }, data: RECORD },
    required: ['code', 'message'],
    additionalProperties: false,
  }),
};

export const PLATFORM_LIST: RouteSchema = {
  summary: 'The reports page by page, the newest finish first',
  description: 'The shape is agreed with the platform. A page past the end is empty.',
  tags: ['platform'],
  querystring: {
    type: 'object',
    properties: {
      pageNum: described(POSITIVE, 'From 1; default 1'),
      pageSize: described(POSITIVE, 'From 1 to 200; default 10'),
      status: described(TEXT, 'SUCCESS or FAILED, in any case; any other text finds nothing'),
    },
  },
  response: answers(
    object({
      code: { const: 200 },
      message: { const: '' },
      data: object({ records: list(RECORD), total: COUNT, size: COUNT, current: COUNT, pages: COUNT }),
    }),
  ),
};

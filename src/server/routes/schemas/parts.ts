import type { SchemaObject } from '../../../schema.ts';

/** In a query everything is text; a leading zero is no fault. */
export const POSITIVE = { type: 'string', pattern: '^0{0,9}[1-9][0-9]{0,14}$' };
export const TEXT = { type: 'string' };
export const COUNT = { type: 'integer', minimum: 0 };
export const FLAG = { type: 'boolean' };

export const REFUSAL = object(
  { code: { ...COUNT, description: 'The HTTP status' }, message: TEXT },
  'What every answer that is no success looks like; only `/healthz` and `/readyz` tell their state',
);

export function orNull(schema: SchemaObject): SchemaObject {
  const { description, ...rest } = schema;
  return { anyOf: [rest, { type: 'null' }], ...(description !== undefined && { description }) };
}

export function described(schema: SchemaObject, description: string): SchemaObject {
  return { ...schema, description };
}

/** All of them, and no others. */
export function object(properties: Record<string, SchemaObject>, description?: string): SchemaObject {
  return {
    type: 'object',
    properties,
    required: Object.keys(properties),
    additionalProperties: false,
    ...(description !== undefined && { description }),
  };
}

export function list(items: SchemaObject, description?: string): SchemaObject {
  return { type: 'array', items, ...(description !== undefined && { description }) };
}

/** The parameters of a query: whatever else stands in it is refused, so that a mistyped name shows. */
export function parameters(properties: Record<string, SchemaObject>): SchemaObject {
  return { type: 'object', properties, additionalProperties: false };
}

/** The successful answer, and the shape of all others. */
export function answers(schema: SchemaObject): Record<string, SchemaObject> {
  return { 200: { description: 'Here it is', ...schema }, '4xx': REFUSAL, '5xx': REFUSAL };
}

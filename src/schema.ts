import { Ajv, type ErrorObject, type SchemaObject } from 'ajv';

export type { SchemaObject };

export interface SchemaProblem {
  /** The property at fault: for a missing or an unknown one its own name. */
  readonly property: string;
  readonly kind: 'missing' | 'unknown' | 'invalid';
}

/** Compiles a JSON Schema (draft 7) into a check that returns every problem it finds, none where the value fits. */
export function compileSchema(schema: SchemaObject): (value: unknown) => SchemaProblem[] {
  const validate = new Ajv({ allErrors: true, strict: true, strictRequired: false }).compile(schema);
  return (value) => (validate(value) ? [] : (validate.errors ?? []).flatMap(toProblem));
}

function toProblem(error: ErrorObject): SchemaProblem[] {
  if (error.keyword === 'if') return [];
  if (error.keyword === 'required')
    return [{ property: String(error.params['missingProperty']), kind: 'missing' }];
  if (error.keyword === 'additionalProperties') {
    return [{ property: String(error.params['additionalProperty']), kind: 'unknown' }];
  }
  return [{ property: error.instancePath.slice(1), kind: 'invalid' }];
}

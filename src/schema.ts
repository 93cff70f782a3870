import { Ajv, type ErrorObject, type SchemaObject, type ValidateFunction } from 'ajv';

export type { SchemaObject };

export interface SchemaProblem {
  /** The property at fault: for a missing or an unknown one its own name. */
  readonly property: string;
  readonly kind: 'missing' | 'unknown' | 'invalid';
}

/** Makes a JSON Schema (draft 7) a check that returns every problem it finds, none where the value fits; compiled when it is first used. */
export function compileSchema(schema: SchemaObject): (value: unknown) => SchemaProblem[] {
  let compiled: ValidateFunction | undefined;
  return (value) => {
    compiled ??= new Ajv({ allErrors: true, strict: true, strictRequired: false }).compile(schema);
    return compiled(value) ? [] : (compiled.errors ?? []).flatMap(toProblem);
  };
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

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type SchemaObject, type ValidateFunction } from 'ajv';
import { kubernetesDirectory } from '../harness/parts.ts';
import { CUSTOM_RESOURCES } from './custom-resources.ts';

interface Described extends SchemaObject {
  readonly properties?: Readonly<Record<string, Described>>;
  readonly items?: Described;
  readonly additionalProperties?: Described;
  readonly 'x-kubernetes-group-version-kind'?: readonly { group: string; version: string; kind: string }[];
}

/** What is wrong with an object by the description of Kubernetes' API: unknown keys, missing ones, wrong types. */
export function faultsOf(object: { readonly apiVersion: string; readonly kind: string }): string[] {
  const kind = `${object.apiVersion} ${object.kind}`;
  const validate = CHECKS.get(kind) ?? compile(kind);
  if (validate === undefined) return [`${kind} is no kind that Kubernetes knows`];
  CHECKS.set(kind, validate);
  if (validate(object)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}

const CHECKS = new Map<string, ValidateFunction>();

/** As the API server reads them (k8s.io/apimachinery/pkg/api/resource, "QuantityValue"). */
const QUANTITY =
  '^[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?[0-9]+)?$';
const SPECIAL: Readonly<Record<string, SchemaObject>> = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': { type: ['string', 'number'], pattern: QUANTITY },
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': { type: ['string', 'integer'] },
};

const { definitions } = JSON.parse(
  readFileSync(join(kubernetesDirectory() ?? '', 'swagger.json'), 'utf8'),
) as {
  definitions: Readonly<Record<string, Described>>;
};

const ajv = new Ajv({
  allErrors: true,
  strict: true,
  strictTypes: false,
  strictRequired: false,
  formats: {
    int32: { type: 'number', validate: (value: number) => Math.abs(value) <= 2 ** 31 },
    int64: { type: 'number', validate: Number.isSafeInteger },
    double: { type: 'number', validate: Number.isFinite },
    byte: /^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/,
    'date-time': (value: string) => !Number.isNaN(Date.parse(value)),
  },
}).addSchema({
  $id: 'kubernetes',
  definitions: Object.fromEntries(
    Object.entries(definitions).map(([name, described]) => [name, SPECIAL[name] ?? strict(described)]),
  ),
});

function compile(kind: string): ValidateFunction | undefined {
  const custom = CUSTOM_RESOURCES[kind];
  if (custom) return ajv.compile(custom);
  const [name] = Object.entries(definitions).find(([, described]) => isOf(described, kind)) ?? [];
  if (name === undefined) return undefined;
  return ajv.compile({ $ref: `kubernetes#/definitions/${name}`, required: ['metadata'] });
}

function isOf({ 'x-kubernetes-group-version-kind': kinds = [] }: Described, kind: string): boolean {
  return kinds.some((one) => `${one.group ? `${one.group}/` : ''}${one.version} ${one.kind}` === kind);
}

/** The same, with keys refused that are not described. */
function strict(described: Described): SchemaObject {
  const { properties, items, additionalProperties, type, format, required, $ref } = described;
  if ($ref) return { $ref: `kubernetes${$ref}` };
  return {
    ...(type && { type }),
    ...(format && { format }),
    ...(required && { required }),
    ...(items && { items: strict(items) }),
    ...(additionalProperties && { additionalProperties: strict(additionalProperties) }),
    ...(properties && {
      properties: Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, strict(one)])),
      additionalProperties: false,
    }),
  };
}

import { publishedActions } from './ram-actions.ts';

/** What a request needs: an action on a resource. */
export interface Right {
  /** Such as `oss:PutObject`. */
  readonly action: string;
  /** Without region and account: `oss:bucket`, `oss:bucket/key` or `kms:key/id`. */
  readonly resource: string;
  /** For a list, the prefix that is asked for: what `oss:Prefix` in a condition is compared with. */
  readonly prefix?: string;
}

export type Judgement = 'Allowed' | 'ExplicitDeny' | 'ImplicitDeny';

interface Statement {
  readonly isDeny: boolean;
  readonly actions: readonly RegExp[];
  readonly resources: readonly RegExp[];
  /** Patterns for the prefix; undefined where the statement has no condition. */
  readonly prefixes: readonly RegExp[] | undefined;
}

export type RamPolicy = readonly Statement[];

/** What the policy says of a right: a Deny wins over every Allow, and what nothing allows is denied. */
export function judge(policy: RamPolicy, right: Right): Judgement {
  const fitting = policy.filter(
    ({ actions, resources, prefixes }) =>
      matches(actions, right.action) &&
      matches(resources, right.resource) &&
      (prefixes === undefined || (right.prefix !== undefined && matches(prefixes, right.prefix))),
  );
  if (fitting.some(({ isDeny }) => isDeny)) return 'ExplicitDeny';
  return fitting.length > 0 ? 'Allowed' : 'ImplicitDeny';
}

/**
 * Reads a RAM policy document: `Version` "1", `Statement`s of `Effect`, `Action`, `Resource` and, at most, the condition
 * `{"StringLike": {"oss:Prefix": …}}`; `*` and `?` are wildcards. Throws an Error for everything else, for an action that
 * OSS does not publish, and for a resource that names a region or an account, so that no typing error goes unnoticed.
 */
export function parseRamPolicy(document: unknown): RamPolicy {
  const { Version, Statement } = knownFields(document, 'policy', ['Version', 'Statement']);
  if (Version !== '1') throw refusal('Version', Version);
  const statements = Array.isArray(Statement) ? Statement : [Statement];
  if (statements.length === 0) throw refusal('Statement', Statement);
  return statements.map(parseStatement);
}

function parseStatement(statement: unknown): Statement {
  const fields = knownFields(statement, 'Statement', ['Effect', 'Action', 'Resource', 'Condition']);
  if (fields['Effect'] !== 'Allow' && fields['Effect'] !== 'Deny') throw refusal('Effect', fields['Effect']);
  return {
    isDeny: fields['Effect'] === 'Deny',
    actions: texts('Action', fields['Action']).map(actionPattern),
    resources: texts('Resource', fields['Resource']).map(resourcePattern),
    prefixes: parseCondition(fields['Condition']),
  };
}

function parseCondition(condition: unknown): RegExp[] | undefined {
  if (condition === undefined) return undefined;
  const { StringLike } = knownFields(condition, 'Condition', ['StringLike']);
  const keys = knownFields(StringLike, 'StringLike', ['oss:Prefix']);
  return texts('oss:Prefix', keys['oss:Prefix']).map(wildcards);
}

function actionPattern(action: string): RegExp {
  const pattern = wildcards(action);
  if (!publishedActions.some((published) => pattern.test(published))) throw refusal('Action', action);
  return pattern;
}

function resourcePattern(resource: string): RegExp {
  if (resource === '*') return wildcards('*');
  const [, service, name] = /^acs:(oss|kms):\*:\*:(.+)$/.exec(resource) ?? [];
  if (service === undefined || name === undefined) throw refusal('Resource', resource);
  return wildcards(`${service}:${name}`);
}

function wildcards(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's');
}

function matches(patterns: readonly RegExp[], text: string): boolean {
  return patterns.some((pattern) => pattern.test(text));
}

function texts(field: string, value: unknown): string[] {
  const values: unknown[] = Array.isArray(value) ? value : [value];
  if (values.length === 0) throw refusal(field, value);
  return values.map((text) => {
    if (typeof text !== 'string') throw refusal(field, text);
    return text;
  });
}

function knownFields(value: unknown, what: string, names: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refusal(what, value);
  const unknown = Object.keys(value).find((name) => !names.includes(name));
  if (unknown !== undefined) throw refusal(`${what}.${unknown}`, Reflect.get(value, unknown));
  return value as Record<string, unknown>;
}

function refusal(field: string, value: unknown): Error {
  return new Error(`RAM policy: the OSS server does not understand ${field} ${JSON.stringify(value)}`);
}

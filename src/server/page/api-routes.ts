/** A route as the OpenAPI document describes it. */
export interface ApiRoute {
  /** With its parameters in braces. */
  readonly path: string;
  readonly summary: string;
  readonly description: string | undefined;
  readonly parameters: readonly ApiParameter[];
}

export interface ApiParameter {
  readonly name: string;
  readonly isInPath: boolean;
  readonly description: string | undefined;
  /** undefined where there is no list of them. */
  readonly values: readonly string[] | undefined;
}

/** Which parameter of the page's own forms names the route. */
export const ROUTE_PARAMETER = 'route';

type Given = Readonly<Record<string, unknown>>;

/** Every route that the document has, in its order. */
export function apiRoutes(document: unknown): ApiRoute[] {
  const { paths } = objectOf(document);
  return Object.entries(objectOf(paths)).map(([path, item]) => {
    const operation = objectOf(objectOf(item)['get']);
    return {
      path,
      summary: textOf(operation['summary']) ?? path,
      description: textOf(operation['description']),
      parameters: listOf(operation['parameters']).map(parameterOf),
    };
  });
}

/**
 * The address of an answer, from the root of the server, without its first slash: what was left empty is left out. undefined for a route
 * that does not exist, or where something of its path is missing.
 */
export function answerAddress(
  routes: readonly ApiRoute[],
  path: string | null,
  given: URLSearchParams,
): string | undefined {
  const route = routes.find((candidate) => candidate.path === path);
  if (route === undefined) return undefined;
  let address = route.path.slice(1);
  const query = new URLSearchParams();
  for (const { name, isInPath } of route.parameters) {
    const value = given.get(name)?.trim() ?? '';
    if (isInPath && (value === '' || DOTS.includes(value))) return undefined;
    if (isInPath) address = address.replace(`{${name}}`, encodeURIComponent(value.toWellFormed()));
    else if (value !== '') query.set(name, value);
  }
  return query.size > 0 ? `${address}?${query}` : address;
}

/** Steps, and no names. */
const DOTS: readonly string[] = ['.', '..'];

function parameterOf(given: Given): ApiParameter {
  const { enum: values } = objectOf(given['schema']);
  return {
    name: textOf(given['name']) ?? '',
    isInPath: given['in'] === 'path',
    description: textOf(given['description']),
    values: Array.isArray(values) ? values.map(String) : undefined,
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function objectOf(value: unknown): Given {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Given) : {};
}

function listOf(value: unknown): readonly Given[] {
  return Array.isArray(value) ? value.map(objectOf) : [];
}

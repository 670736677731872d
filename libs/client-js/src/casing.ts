/**
 * camelCase of JavaScript, snake_case of the API, there and back.
 *
 * Names that the API defines are converted. Names that are data keep their spelling: a convention cannot tell the
 * channel `social_media` from a field, so the maps whose names are data are listed here, as the API's description
 * (OpenAPI) tells them. A test compares both.
 */

/** Maps whose names are data and whose values are objects of the API: the names stay, the values are converted. */
const NAMED_BY_DATA = new Set(['estimates', 'messages', 'observed_rates']);

/** Free objects: handed over as they are, at any depth. */
const FREE = new Set([
  'audience',
  'data',
  'detailed_results',
  'example',
  'headers',
  'json_schema',
  'metadata',
  'optimal_sequence',
  'partial_results',
  'predicted_results',
  'preference_strength_changes',
  'unknown',
]);

/** `ageRange` → `age_range`; what is in snake_case already stays. */
export function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** `age_range` → `ageRange`. */
export function camel(name: string): string {
  return name.replace(/(?<=[a-z0-9])_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** How the names inside the value of a field (in the API's spelling) are treated. */
export function treatment(field: string): 'convert' | 'named by data' | 'free' {
  if (FREE.has(field)) return 'free';
  return NAMED_BY_DATA.has(field) ? 'named by data' : 'convert';
}

/** A request body or query as the API wants it. What is undefined is left out. */
export function toApi(value: unknown): unknown {
  return converted(value, snake, snake);
}

/** An answer as JavaScript wants it. */
export function fromApi(value: unknown): unknown {
  return converted(value, camel, (name) => name);
}

type Rename = (name: string) => string;

function converted(value: unknown, rename: Rename, apiName: Rename): unknown {
  if (Array.isArray(value)) return value.map((item) => converted(item, rename, apiName));
  if (!isPlainObject(value)) return value;
  const result: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(value)) {
    if (inner !== undefined) result[rename(name)] = field(apiName(name), inner, rename, apiName);
  }
  return result;
}

function field(name: string, value: unknown, rename: Rename, apiName: Rename): unknown {
  switch (treatment(name)) {
    case 'free':
      // A list of objects under such a name (`data` of a chart, say) is free as well.
      return value;
    case 'named by data':
      if (!isPlainObject(value)) return converted(value, rename, apiName);
      return Object.fromEntries(
        Object.entries(value).map(([key, inner]) => [key, converted(inner, rename, apiName)]),
      );
    case 'convert':
      return converted(value, rename, apiName);
  }
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}

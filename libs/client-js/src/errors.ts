/** What can go wrong, as types. Every error of this package is a `TinyTroupeError`. */

export class TinyTroupeError extends Error {
  override get name(): string {
    return this.constructor.name;
  }
}

/** The request did not reach the API, or its answer did not arrive; `cause` says why. */
export class APIConnectionError extends TinyTroupeError {}

/** No answer within the timeout of a call. */
export class APITimeoutError extends APIConnectionError {}

/** A simulation was not completed within the time that `results()` was given. */
export class WaitTimeoutError extends TinyTroupeError {}

/** The webhook is not genuine, or too old. */
export class WebhookVerificationError extends TinyTroupeError {}

/** What a simulation that ended without results says of itself. */
export class SimulationEndedError extends TinyTroupeError {
  constructor(
    message: string,
    readonly simulationId: string,
    readonly status: 'failed' | 'cancelled',
  ) {
    super(message);
  }
}

/** The content of the API's standard error. `field` is a path of the API: `demographics.age_range`. */
export interface ErrorContent {
  code: string;
  message: string;
  details?: { field?: string | null; issue?: string | null } | null;
  request_id?: string;
  documentation_url?: string;
}

/** The API refused a request. */
export class APIError extends TinyTroupeError {
  readonly status: number;
  /** A word of the API's catalogue: `INVALID_PERSONA`, `RATE_LIMITED`, … */
  readonly code: string;
  /** What in the request is to blame, as the API spells it: `demographics.age_range`. */
  readonly field: string | null;
  readonly issue: string | null;
  readonly requestId: string | null;
  /** Seconds after which the API asks to come back; null if it does not say. */
  readonly retryAfter: number | null;
  readonly documentationUrl: string | null;
  readonly headers: Headers;
  /** The body as it came. */
  readonly body: unknown;

  constructor(response: Response, body: unknown) {
    const error = contentOf(body);
    const blamed = error?.details?.field ? `${error.details.field}: ${error.details.issue ?? ''}` : error?.details?.issue;
    const said = error?.message ?? `HTTP ${response.status}`;
    super(blamed ? `${said} (${blamed})` : said);
    this.status = response.status;
    this.code = error?.code ?? `HTTP_${response.status}`;
    this.field = error?.details?.field ?? null;
    this.issue = error?.details?.issue ?? null;
    this.requestId = error?.request_id ?? response.headers.get('x-request-id');
    this.retryAfter = retryAfterOf(response.headers);
    this.documentationUrl = error?.documentation_url ?? null;
    this.headers = response.headers;
    this.body = body;
  }

  /** The error of the class that belongs to the status. */
  static of(response: Response, body: unknown): APIError {
    const kind = BY_STATUS[response.status] ?? (response.status >= 500 ? InternalServerError : APIError);
    return new kind(response, body);
  }
}

export class BadRequestError extends APIError {}
export class AuthenticationError extends APIError {}
export class PermissionDeniedError extends APIError {}
export class NotFoundError extends APIError {}
export class ConflictError extends APIError {}
export class UnprocessableEntityError extends APIError {}
export class RateLimitError extends APIError {}
export class InternalServerError extends APIError {}
export class ServiceUnavailableError extends InternalServerError {}

const BY_STATUS: Record<number, typeof APIError> = {
  400: BadRequestError,
  401: AuthenticationError,
  403: PermissionDeniedError,
  404: NotFoundError,
  409: ConflictError,
  422: UnprocessableEntityError,
  429: RateLimitError,
  503: ServiceUnavailableError,
};

/** Seconds that a `Retry-After` header asks for, which may also be a date; null without one. */
export function retryAfterOf(headers: Headers): number | null {
  const value = headers.get('retry-after');
  if (value === null || value.trim() === '') return null;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return Math.max(0, seconds);
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(0, (date - Date.now()) / 1000);
}

function contentOf(body: unknown): ErrorContent | null {
  const error = typeof body === 'object' && body !== null && 'error' in body ? body.error : null;
  return typeof error === 'object' && error !== null && 'code' in error ? (error as ErrorContent) : null;
}

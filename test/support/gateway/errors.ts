/**
 * How FirecREST says that something is wrong: one shape for every 4xx and 5xx, and 400, never 422, for what does not fit.
 *
 * @module
 */
import { pythonRepr, type PythonValue } from './python-text.js';

/** One complaint of FirecREST's validation. */
export interface Misfit {
  readonly type: string;
  /** Where it is, such as `['body', 'sourcePath']`. */
  readonly place: readonly (string | number)[];
  readonly message: string;
  readonly input: PythonValue;
  readonly context?: Readonly<Record<string, string>>;
}

/** The function of FirecREST's that would have taken the request: its name gets into the message of a misfit. */
export interface Handler {
  readonly file: string;
  readonly line: number;
  readonly name: string;
  /** Method and path, as FastAPI knows them. */
  readonly route: string;
}

/** What {@link ApiError} may say besides. */
export interface ApiErrorDetails {
  readonly causedBy?: readonly string[];
  readonly misfits?: readonly Misfit[];
  readonly headers?: Readonly<Record<string, string>>;
  /** It came from nowhere that knew the user, and the server drops the connection after it. */
  readonly unhandled?: boolean;
  /** The server drops the connection after it, without having said so. */
  readonly drops?: boolean;
}

/** An answer that is an error. */
export class ApiError extends Error {
  readonly status: number;
  readonly details: ApiErrorDetails;

  constructor(status: number, message: string, details: ApiErrorDetails = {}) {
    super(message);
    this.status = status;
    this.details = details;
  }

  get drops(): boolean {
    return this.details.drops ?? this.details.unhandled ?? false;
  }

  /** The body, for a user who is known, or not. */
  body(user: string | null): Readonly<Record<string, unknown>> {
    const { misfits, causedBy = null, unhandled = false } = this.details;
    const fields = misfits?.map(({ place: [location, name = null], message }) => ({ location, name, message }));
    return { errorType: misfits === undefined ? 'error' : 'validation', message: this.message, causedBy, data: fields === undefined ? null : { fields }, user: unhandled ? null : user };
  }
}

/** A request that does not fit. The message is a dump of Python's, in lower case, as FirecREST makes it. */
export function misfit(misfits: readonly Misfit[], handler: Handler): ApiError {
  const lines = misfits.map(({ type, place, message, input, context }) => {
    const entries: [string, string][] = [['type', pythonRepr(type)], ['loc', tuple(place)], ['msg', pythonRepr(message)], ['input', pythonRepr(input)]];
    if (context !== undefined) entries.push(['ctx', pythonRepr(context)]);
    return `  {${entries.map(([name, text]) => `'${name}': ${text}`).join(', ')}}\n`;
  });
  const head = `${misfits.length} validation error${misfits.length === 1 ? '' : 's'}:\n`;
  const tail = `\n  File "/app/firecrest/${handler.file}", line ${handler.line}, in ${handler.name}\n    ${handler.route}`;
  return new ApiError(400, `${head}${lines.join('')}${tail}`.toLowerCase(), { misfits });
}

const tuple = (items: readonly (string | number)[]): string => `(${items.map(pythonRepr).join(', ')}${items.length === 1 ? ',' : ''})`;

/** An error that FirecREST did not foresee: its arguments, as Python shows a tuple of one. */
export const unhandled = (text: string): ApiError => new ApiError(500, `(${pythonRepr(text)},)`, { unhandled: true });

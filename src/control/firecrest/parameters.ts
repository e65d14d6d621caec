/**
 * What goes into FirecREST's routes, checked before it does.
 *
 * @module
 */
import { ControlError, UsageError } from '../../errors.js';

/** The system of a route. @throws UsageError for what would lead to another route */
export function on(system: string): { readonly system_name: string } {
  if (!/^[\w-][\w.-]*$/u.test(system)) throw new UsageError(`"${system}" is no name of a \`system\``);
  return { system_name: system };
}

/** Whether FirecREST takes it for the id of a job. */
export function isJobId(text: string): boolean {
  return /^[A-Za-z0-9]+$/u.test(text);
}

/** The job of a route. @throws UsageError */
export function jobOf(system: string, jobId: string): { readonly system_name: string; readonly job_id: string } {
  if (!isJobId(jobId)) throw new UsageError(`"${jobId}" is no id of a job: FirecREST takes letters and digits, so no part of a job array`);
  return { ...on(system), job_id: jobId };
}

/**
 * FirecREST puts a path between single quotes into a shell's command, and does not look for quotes in it (by reading, at 35e1d08):
 * what stands behind one would be run. No such path is ever sent.
 *
 * @throws UsageError
 */
export function assertCarried(path: string): void {
  if (path.includes("'")) throw new UsageError(`FirecREST cannot carry the ' in ${path}: rename it, or move the directory that it is in`);
  if (path === '' || path.includes('\0')) throw new UsageError('a path is not empty, and holds no NUL character');
}

/** Whether ops/upload can carry a file's own name: as a form's field it has its quotes, backslashes and line breaks written otherwise. */
export function isFileName(name: string): boolean {
  return !/["'\\\r\n/\0]/u.test(name) && !['', '.', '..'].includes(name);
}

/** @throws UsageError */
export function assertFileName(name: string): void {
  assertCarried(name);
  if (!isFileName(name)) throw new UsageError(`FirecREST cannot carry the file's name ${JSON.stringify(name)}: rename it`);
}

/** For answers that may be "there is none": the thing's 404, not that of the system or of the route. */
export async function orUndefined<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ControlError && error.status === 404 && error.code === 'control-answer' && !error.message.includes(': System not found')) return undefined;
    throw error;
  }
}

/**
 * What the bench must undo, whatever ends it: temporary directories, namespaces, processes.
 *
 * @module
 */

const undo = new Map<symbol, () => void>();
let installed = false;

/**
 * Registers a synchronous step to run when the bench ends: normally, by an error, or by SIGINT or SIGTERM. Steps run
 * in the reverse order of their registration, and one that throws keeps none of the others from running.
 * @returns a function that runs the step now and forgets it.
 */
export function onEnd(step: () => void): () => void {
  install();
  const key = Symbol('step');
  undo.set(key, step);
  return () => {
    if (undo.delete(key)) step();
  };
}

function install(): void {
  if (installed) return;
  installed = true;
  process.on('exit', runAll);
  process.on('SIGINT', () => process.exit(130));
  process.on('SIGTERM', () => process.exit(143));
  process.on('SIGHUP', () => process.exit(129));
}

function runAll(): void {
  for (const [key, step] of [...undo].reverse()) {
    undo.delete(key);
    try {
      step();
    } catch (error) {
      process.stderr.write(`bench: clean-up: ${String(error)}\n`);
    }
  }
}

/** Whether a process is there, whoever's it is. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Ends a process with SIGKILL, where it is still there. */
export function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/**
 * Which way of moving files fits what is asked, and why.
 *
 * @module
 */
import { ControlError } from '../errors.js';
import type { Method, MethodChoice, TransferRequest } from './method.js';
import type { TransferMethod } from './profile.js';

/** A choice, in words for the user. */
export interface Chosen {
  readonly method: Method;
  readonly why: string;
}

/**
 * Chooses. Of those that a profile allows, `auto` takes the first that can: what is small goes through FirecREST itself, without a
 * job; one file by the site's own service; directories, many files, and what has to be encrypted, by the agent.
 * @param choice the user's; else the profile's.
 * @throws ControlError `control-unsuitable` that says of each why not
 */
export function chooseMethod(request: TransferRequest, choice: MethodChoice | undefined, methods: readonly Method[]): Chosen {
  const wanted = choice ?? request.profile.method ?? 'auto';
  return wanted === 'auto' ? chooseFit(request, methods) : takeNamed(wanted, request, methods);
}

function chooseFit(request: TransferRequest, methods: readonly Method[]): Chosen {
  const allowed = request.profile.allowedMethods;
  const reasons: string[] = [];
  for (const { name, why } of preference(request)) {
    const method = methods.find((one) => one.name === name);
    if (method === undefined) continue;
    if (allowed !== undefined && !allowed.includes(name)) {
      reasons.push(`${name}: the profile does not allow it`);
      continue;
    }
    const unfit = method.unfit(request);
    // What is too large for FirecREST itself goes without saying.
    if (unfit === undefined) return { method, why: [why, ...reasons.filter((reason) => !reason.startsWith('ops:'))].join('; not ') };
    reasons.push(`${name}: ${unfit}`);
  }
  throw new ControlError('control-unsuitable', `there is no way to do this on ${request.system.name}: ${reasons.join('; ')}`);
}

function takeNamed(name: TransferMethod, request: TransferRequest, methods: readonly Method[]): Chosen {
  const method = methods.find((one) => one.name === name);
  if (method === undefined) throw new ControlError('control-unsuitable', `there is no method ${name} here`);
  const unfit = method.unfit(request);
  if (unfit === undefined) return { method, why: 'as asked' };
  const other = methods.find((one) => one !== method && one.unfit(request) === undefined);
  const hint = other === undefined ? '' : `; \`method: '${other.name}'\` can`;
  throw new ControlError('control-unsuitable', `\`method: '${name}'\` cannot do this: ${unfit}${hint}`);
}

interface Preferred {
  readonly name: TransferMethod;
  readonly why: string;
}

const OPS: Preferred = { name: 'ops', why: 'small enough to go through FirecREST itself, without a job' };
const STREAMER: Preferred = { name: 'streamer', why: 'the site has a transfer service' };
const AGENT: Preferred = { name: 'agent', why: 'a job of our own' };

/** Ways that know no wire of ours do not encrypt for sure; the site's service may be of either kind. */
function preference({ items, settings }: TransferRequest): readonly Preferred[] {
  if (settings.requireEncryption === true) return [{ name: 'agent', why: 'a job of our own, which encrypts' }, OPS];
  const simple = items.length === 1 && items[0]?.kind !== 'directory';
  return simple ? [OPS, STREAMER, AGENT] : [OPS, { name: 'agent', why: 'one job of our own for all of it' }, STREAMER];
}

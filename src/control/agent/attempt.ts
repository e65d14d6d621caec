/**
 * One job's part of a transfer: the wait for its server, the native wire, and what becomes of the job.
 *
 * @module
 */
import { receive, send } from '../../client/client.js';
import { AbortError, ConnectError, ControlError, CoordinatesError, StorageError } from '../../errors.js';
import { abortReason } from '../../transfer/outcome.js';
import type { ProgressEvent, TransferResult } from '../../transfer/progress.js';
import { formatDuration } from '../../util/units.js';
import type { SiteJob } from '../site.js';
import { AGENT_WAIT_MS } from './agent-settings.js';
import type { AgentTransfer } from './agent-transfer.js';
import type { AgentRun, RunContext } from './run.js';
import { endByNow, endOfRun, removeRun, stopRun, tidyRun } from './run-end.js';
import { awaitCoordinates, failureOf } from './run-wait.js';
import { defined } from '../../util/defined.js';

/** See the module's head. */
export class Attempt {
  readonly #transfer: AgentTransfer;
  readonly #identity: string;
  readonly #run: AgentRun;
  readonly #context: RunContext;
  /** It is of an earlier run. */
  readonly #found: boolean;
  /** Ends the transfer when its job is over: nobody need look for a server that is gone. */
  readonly #gone = new AbortController();
  #over: SiteJob | undefined;
  #looking = false;
  #connected = false;
  /** Bytes that were there before. */
  #resumed = 0;
  #moved = false;

  constructor(transfer: AgentTransfer, identity: string, run: AgentRun, context: RunContext, found: boolean) {
    this.#transfer = transfer;
    this.#identity = identity;
    this.#run = run;
    this.#context = context;
    this.#found = found;
  }

  /** Undefined where the transfer is to go on with another job. */
  async run(): Promise<TransferResult | undefined> {
    let result: TransferResult;
    try {
      result = await this.#move(await awaitCoordinates(this.#run, this.#identity, this.#context));
    } catch (error) {
      if (this.#transfer.direction === 'upload' || !isIncomplete(error)) {
        await this.#failed(error);
        return undefined;
      }
      // All is over at both ends, and its server says what it could not read.
      await tidyRun(this.#run, this.#context);
      throw error;
    }
    await tidyRun(this.#run, this.#context);
    return result;
  }

  #move(coordinates: string): Promise<TransferResult> {
    const { direction, local, settings } = this.#transfer;
    const { windowBytes, digest, ...both } = settings;
    const common = { ...defined(both), coordinates, wire: 'native', signal: this.#signal(), onProgress: this.#heard } as const;
    if (direction === 'upload') return send({ ...common, path: local, ...defined({ digest }) });
    return receive({ ...common, ...defined({ path: local[0], windowBytes }) });
  }

  #signal(): AbortSignal {
    const { signal } = this.#transfer;
    return signal === undefined ? this.#gone.signal : AbortSignal.any([signal, this.#gone.signal]);
  }

  /** Told of everything, for the caller and for itself. */
  readonly #heard = (event: ProgressEvent): void => {
    this.#transfer.onProgress(event);
    if (event.type === 'connected') this.#connected = true;
    if (event.type === 'started') this.#resumed = event.resumedBytes;
    if ((event.type === 'progress' && event.bytes > this.#resumed) || (event.type === 'entry' && event.how === 'done')) this.#moved = true;
    if (event.type === 'reconnecting' && !this.#looking) void this.#look();
  };

  async #look(): Promise<void> {
    this.#looking = true;
    this.#over = await endByNow(this.#run, this.#context);
    this.#looking = false;
    if (this.#over === undefined) return;
    this.#gone.abort(new AbortError('the job is over'));
  }

  /** What is to become of a job whose transfer has failed, and of the transfer. */
  async #failed(error: unknown): Promise<void> {
    if (this.#transfer.signal?.aborted === true) {
      await this.#leave();
      throw error instanceof AbortError ? error : abortReason(this.#transfer.signal);
    }
    // Another client is served by it, perhaps another run of the same command: it is not ours to end.
    if (this.#found && error instanceof ConnectError && error.code === 'connect-busy') return;
    // One that was reached ends soon after its link is lost, where that is why.
    const ended = this.#over ?? (error instanceof ConnectError ? await (this.#connected ? endOfRun : endByNow)(this.#run, this.#context) : undefined);
    const failure = ended === undefined ? error : await failureOf(this.#run, ended, this.#connected, this.#context);
    if (ended !== undefined && this.#connected) {
      await this.#goOn(ended, failure);
      return;
    }
    // One of an earlier run that is of no more use costs nothing but another one.
    const stale = this.#found && !this.#connected && (failure instanceof ConnectError || failure instanceof CoordinatesError || failure instanceof ControlError);
    // What is told of a job that has failed is where its log is.
    if (!(failure instanceof ControlError && failure.code === 'control-job')) await (stale ? this.#end() : this.#leave());
    if (!stale) throw this.#connected ? failure : this.#unreachable(failure);
  }

  /** A job that has met its time limit, or lost its node, has a successor; one that somebody cancelled has not. */
  async #goOn({ jobId, state }: SiteJob, why: unknown): Promise<void> {
    const hopeless = !(why instanceof ConnectError) && !(why instanceof ControlError);
    if (hopeless || !this.#moved || state === 'CANCELLED') throw why;
    await removeRun(this.#run, this.#context);
    this.#context.onProgress({ type: 'phase', phase: 'asking', message: `job ${jobId} ended (${state}) during the transfer: going on with another one`, jobId });
  }

  /** Nothing of ours stays, unless it was asked to. */
  async #leave(): Promise<void> {
    const { keepJob = false, agent, identity, system } = this.#transfer;
    if (!keepJob || identity === undefined) {
      await this.#end();
      return;
    }
    const wait = formatDuration(agent.waitTimeoutMs ?? AGENT_WAIT_MS);
    const { jobId } = this.#run;
    this.#context.onProgress({ type: 'notice', message: `job ${jobId} is left, and waits ${wait} for your return: run the same command again to go on with it, or "streamer cancel ${system.name} ${jobId}"` });
  }

  async #end(): Promise<void> {
    await stopRun(this.#run, this.#context);
    await removeRun(this.#run, this.#context);
  }

  #unreachable(error: unknown): unknown {
    const { agent, settings, system } = this.#transfer;
    if (!(error instanceof ConnectError) || error.code !== 'connect-failed' || settings.route === 'relay') return error;
    const how = agent.relay === undefined ? 'name a relay that the node and you can reach: `relay.url`' : "leave out `route: 'direct'`, or see whether the relay can be reached";
    return new ConnectError('connect-failed', `job ${this.#run.jobId} waits on ${system.name}, but there is no way to it from here: ${error.message}; ${how}`, { cause: error, retryable: false });
  }
}

/** An end's own verdict on a tree of which not everything went through. */
function isIncomplete(error: unknown): boolean {
  return error instanceof StorageError && error.code === 'storage-incomplete';
}

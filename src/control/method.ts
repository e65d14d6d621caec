/**
 * What a way of moving files to and from a cluster is, and what it is asked.
 *
 * @module
 */
import type { ClientOptions } from '../client/client.js';
import type { ProgressListener, TransferResult } from '../transfer/progress.js';
import type { Profile, TransferMethod } from './profile.js';
import type { Site, SiteSystem } from './site.js';

/** `auto`: whichever fits. */
export type MethodChoice = TransferMethod | 'auto';

/** From the user's machine: to it, or to the cluster. */
export type MoveDirection = 'download' | 'upload';

/** What a profile says of transfers. */
export type MoveProfile = Pick<Profile, 'method' | 'allowedMethods' | 'relay' | 'relayTokenFile' | 'agent'>;

/** What both ends are told of a transfer: see {@link ClientOptions}. */
export interface MoveSettings
  extends Pick<ClientOptions, 'existing' | 'checksum' | 'dryRun' | 'delete' | 'rules' | 'rate' | 'streams' | 'ca' | 'route' | 'retryTimeoutMs' | 'connectTimeoutMs'> {
  /** Each file's SHA-256 is checked, too, and told. */
  readonly digest?: 'sha256';
  /** Most bytes in flight or waiting for the disk, where this end receives. */
  readonly windowBytes?: number;
  /** Nothing is to be moved in the clear. */
  readonly requireEncryption?: boolean;
}

/** What an end of a transfer is. `unknown`: on the cluster, where FirecREST cannot look. */
export type EntryKind = 'file' | 'directory' | 'other' | 'unknown';

/** One thing to move, with the names that it has at either end. */
export interface MoveItem {
  readonly kind: EntryKind;
  /** Bytes of a file; 0 of anything else. */
  readonly size: number;
  /** Absolute path on the cluster. */
  readonly remote: string;
  /** Path on this machine. */
  readonly local: string;
  /** What is at the target already. */
  readonly existing?: { readonly kind: EntryKind; readonly size: number } | undefined;
}

/** A transfer, looked at and checked as far as it can be before anything is started. */
export interface TransferRequest {
  readonly direction: MoveDirection;
  readonly client: Site;
  /** FirecREST's address: jobs are remembered by it. */
  readonly url: string;
  readonly system: SiteSystem;
  /** Whom the job is charged to. @default as the site has it */
  readonly account?: string | undefined;
  readonly profile: MoveProfile;
  /** Absolute paths on the cluster: what is downloaded, or the one target of an upload, with its slash at the end if it has one. */
  readonly remote: readonly string[];
  /** Paths on this machine: what is uploaded, or the one target of a download; none: the current directory. */
  readonly local: readonly string[];
  /** The same, one by one: what each file or directory becomes. */
  readonly items: readonly MoveItem[];
  readonly settings: MoveSettings;
  /** Compare with FirecREST's own checksum. Undefined: where the wire does not do so itself. */
  readonly verify: boolean | undefined;
  /** Leave the job when the transfer is stopped or fails. */
  readonly keepJob: boolean;
  /** How long a job may wait to be started, milliseconds. */
  readonly startTimeoutMs: number;
  /** Text of the identity that coordinates of the agent's are sealed to. */
  readonly identity?: string | undefined;
  /** Where jobs are remembered, so that those of a killed run are found again. @default nowhere */
  readonly stateDirectory?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress: ProgressListener;
}

/** A way of moving files. */
export interface Method {
  readonly name: TransferMethod;
  /** Why it cannot do what is asked, in words that go behind its name and a colon; undefined when it can. Nothing is started by it. */
  unfit(request: TransferRequest): string | undefined;
  /**
   * Moves what is asked, and tells of its end by a `done` event.
   * @throws StreamerError; then no job of it is left, unless it was asked to be
   */
  run(request: TransferRequest): Promise<TransferResult>;
}

/**
 * Encrypted, verified, resumable file transfer to and from a supercomputer.
 *
 * One end serves, the other follows the secret coordinates that it publishes:
 *
 * ```ts
 * import { receive, serve } from 'firecrest-streamer-ts';
 *
 * const server = await serve({ action: 'send', path: 'results.h5', portRange: [0, 0] });
 * const result = await receive({ coordinates: server.coordinates, path: 'copy.h5' });
 * await server.done;
 * console.log(result.size, result.digest?.hex);
 * ```
 *
 * What is sent is a file, a directory with all that is in it, several of them, or a stream of bytes (`-`).
 *
 * Behind FirecREST, {@link openFirecrest} signs in, and {@link download} and {@link upload} do all the rest.
 *
 * @packageDocumentation
 */
export { receive, send, type ClientOptions, type ReceiveOptions, type SendOptions } from './client/client.js';
export { serve, type RelayChoice, type ServeOptions, type StreamerServer, type TlsIdentity } from './server/server.js';
export { download, type DownloadOptions } from './control/download.js';
export { upload, type UploadOptions } from './control/upload.js';
export type { MoveClient, MoveOptions } from './control/move.js';
export type { MethodChoice, MoveProfile } from './control/method.js';
export { openFirecrest, type OpenedFirecrest, type OpenFirecrestOptions } from './control/open-firecrest.js';
export { createAuthenticator, type SignInOptions } from './control/authenticators.js';
export {
  FirecrestClient,
  type FirecrestClientOptions,
  type FirecrestJob,
  type FirecrestJobMetadata,
  type FirecrestSystem,
  type FirecrestUser,
  type JobSubmission,
  type RemoteEntry,
  type RemoteStat,
  type TransferJob,
} from './control/firecrest/client.js';
export type { Authenticator, AuthenticatorContext, AuthenticatorStore, RequestToSign } from './control/auth/authenticator.js';
export { formatCoordinates, isSealed, parseCoordinates } from './coordinates/codec.js';
export { generateIdentity, publicKeyOf } from './coordinates/keys.js';
export { openCoordinates, sealCoordinates } from './coordinates/sealed.js';
export {
  redactCoordinates,
  type Candidate,
  type Coordinates,
  type Direction,
  type PlainCoordinates,
  type RelayAddress,
  type V2Coordinates,
} from './coordinates/coordinates.js';
export type { EntryCounts, MovePhase, ProgressEvent, ProgressListener, RootKind, TransferResult, Wire } from './transfer/progress.js';
export { RateLimit } from './transfer/rate-limit.js';
export { chooseWorkers } from './util/spare-processors.js';
export type { FilterRule } from './transfer/settings.js';
export type { ExistingPolicy, Route, WireChoice } from './options.js';
export {
  AbortError,
  AuthError,
  ConnectError,
  ControlError,
  CoordinatesError,
  ERROR_CODES,
  IntegrityError,
  LimitError,
  ProtocolError,
  StorageError,
  StreamerError,
  TimeoutError,
  UsageError,
  type ErrorClassName,
  type ErrorCode,
} from './errors.js';
export { VERSION } from './version.js';

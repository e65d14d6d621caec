/**
 * The library's messages name its options and functions in backticks, as code: `waitTimeoutMs`, `wire: 'compat'`. A user of the
 * command line knows flags. So on their way to the screen, and here alone, the names become flags, whatever the error's class
 * and whichever end wrote it; what has no flag stays as it is, and so no message is written twice.
 *
 * A file's name that is one of these, backticks included, is shown as a flag, too: nothing but the screen reads it.
 *
 * @module
 */

/** By the code as it stands in a message. */
export const FLAGS: ReadonlyMap<string, string> = new Map([
  ['account', '--account'],
  ['apiKeyField', '--api-key-field'],
  ['apiKeyFile', '--api-key-file'],
  ['apiKeyHeader', '--api-key-header'],
  ['audience', '--audience'],
  ['authenticator', '--authenticator'],
  ['ca', '--ca'],
  ['checksum', '--checksum'],
  ['clientAuthMethod', '--client-auth-method'],
  ['clientId', '--client-id'],
  ['clientSecretFile', '--client-secret-file'],
  ['compat', '--compat'],
  ['connectTimeoutMs', '--connect-timeout'],
  ['coordinatesFile', '--coordinates-file'],
  ['cpus', '--cpus'],
  ['delete', '--delete'],
  ['digest', '--digest'],
  ['direct: false', '--no-direct'],
  ['directives', '--directive'],
  ['dryRun', '--dry-run'],
  ['exclude', '--exclude'],
  ['existing', '--overwrite and its like'],
  ['expiresAt', '--expires'],
  ['flow', '--flow'],
  ['generateIdentity', '"streamer keygen"'],
  ['graceMs', '--grace'],
  ['host', '--host'],
  ['inboundTransferLimit', '--inbound-transfer-limit'],
  ['include', '--include'],
  ['issuer', '--issuer'],
  ['jobName', '--job-name'],
  ['keyFile', '--key-file'],
  ['node', '--node'],
  ['nodes', '--nodes'],
  ['openCoordinates', '--identity'],
  ['output', '--output'],
  ['partition', '--partition'],
  ['portRange', '--port-range'],
  ['profile', '--profile'],
  ['publicIps', '--public-ips'],
  ['publicKeyOf', '"streamer keygen --public"'],
  ['rate', '--rate'],
  ['redirectPort', '--redirect-port'],
  ['redirectUrl', '--redirect-url'],
  ['relay.token', '--relay-token-file, or STREAMER_RELAY_TOKEN'],
  ['relay.tokenFile', '--relay-token-file'],
  ['relay.url', '--relay'],
  ['retryTimeoutMs', '--retry-timeout'],
  ["route: 'direct'", '--direct'],
  ["route: 'relay'", '--via-relay'],
  ['scope', '--scope'],
  ['sealTo', '--seal-to'],
  ['serverOptions', '--server-option'],
  ['streamerCommand', '--streamer'],
  ['streams', '--streams'],
  ['subjectFlow', '--subject-flow'],
  ['timeMs', '--time'],
  ['tls', '--tls-cert'],
  ['tokenCommand', '--token-command'],
  ['tokenFile', '--token-file'],
  ['tokenUrl', '--token-url'],
  ['url', '--url'],
  ['waitTimeoutMs', '--wait-timeout'],
  ['windowBytes', '--window'],
  ['wire', '--wire'],
  ["wire: 'compat'", '--wire compat'],
  ["wire: 'native'", '--wire native'],
  ['workingDirectory', '--working-directory'],
]);

/** A message of the library's, for a user of the command line. */
export function inFlags(message: string): string {
  return message.replace(/`([^`]+)`/gu, (code, name: string) => FLAGS.get(name) ?? code);
}

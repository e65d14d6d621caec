/**
 * curl over HTTPS from nginx, with a certificate made for this bench alone.
 *
 * @module
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { missingProgram, needProgram, run, versionOf } from '../programs.js';
import type { Peer, Place, Setting } from './peer.js';

const CIPHER = 'TLS_AES_256_GCM_SHA384';

/** Makes the key and the certificate, once a bench. Answers why it could not. */
async function makeCertificate({ folder, serverIp }: Setting): Promise<string | undefined> {
  const certificate = path.join(folder, 'certificate.pem');
  if (existsSync(certificate)) return undefined;
  const { ok } = await run([
    needProgram('openssl'),
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', '/CN=streamer-bench', '-addext', `subjectAltName=IP:${serverIp}`],
    ...['-keyout', path.join(folder, 'key.pem'), '-out', certificate],
  ]);
  return ok ? undefined : 'openssl could not make a certificate';
}

/** Writes a configuration that needs none of the system's files. Answers its path. */
function writeConfiguration({ folder, serverIp, port, source }: Place): string {
  const state = path.join(folder, 'state');
  mkdirSync(state, { recursive: true });
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${state}/${name};`);
  const file = path.join(folder, 'nginx.conf');
  writeFileSync(
    file,
    `daemon off;
worker_processes 1;
pid ${state}/nginx.pid;
error_log stderr notice;
${process.getuid?.() === 0 ? `user ${os.userInfo().username};` : ''}
events {}
http {
  access_log off;
  sendfile on;
  ${temporary.join(' ')}
  server {
    listen ${serverIp}:${port} ssl;
    ssl_certificate ${folder}/certificate.pem;
    ssl_certificate_key ${folder}/key.pem;
    ssl_protocols TLSv1.3;
    location = /file { alias ${source}; }
  }
}
`,
  );
  return file;
}

/** HTTPS download. There is no upload: stock nginx does not take one. */
export const httpsCurl: Peer = {
  id: 'https',
  name: 'HTTPS (nginx, curl)',
  flags: `TLS 1.3 ${CIPHER}, HTTP/1.1, sendfile on, one worker`,
  directions: ['down'],
  ours: [],
  moves: 'file',
  available: (setting) => {
    const missing = missingProgram('nginx', 'curl', 'openssl');
    return missing === undefined ? makeCertificate(setting) : Promise.resolve(missing);
  },
  async version() {
    const nginx = await versionOf([needProgram('nginx'), '-v']);
    const curl = await versionOf([needProgram('curl'), '--version']);
    return `${nginx.replace('nginx version: ', '')}, ${curl.split(' ').slice(0, 2).join(' ')}`;
  },
  trial: (_direction, place) => ({
    server: { argv: [needProgram('nginx'), '-e', 'stderr', '-p', place.folder, '-c', writeConfiguration(place)] },
    ready: /start worker process /,
    client: () => ({
      argv: [
        needProgram('curl'),
        ...['-q', '--silent', '--show-error', '--fail', '--http1.1', '--tlsv1.3', '--tls13-ciphers', CIPHER],
        ...['--cacert', path.join(place.folder, 'certificate.pem'), '--output', place.target],
        `https://${place.serverIp}:${place.port}/file`,
      ],
    }),
    serverEnds: 'when stopped',
  }),
};

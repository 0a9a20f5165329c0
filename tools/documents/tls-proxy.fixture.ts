// nginx with TLS in front of a server, made of a snippet from the documents.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { succeed } from '../publishing/run.fixture.ts'

const isThere = (program: string): boolean =>
  spawnSync('sh', ['-c', `PATH="$PATH:/usr/sbin"; command -v ${program}`]).status === 0

const missing: readonly string[] = ['nginx', 'openssl', 'curl', 'sqlite3'].filter(
  (name) => !isThere(name),
)

/** Why there can be no TLS proxy here; false when there can. */
export const withoutTlsProxy: string | false =
  missing.length > 0 && `Not installed: ${missing.join(', ')} (Debian has them)`

export interface TlsProxy {
  readonly port: number
  /** For curl: the certificate to trust, and where the host is. */
  readonly curlOptions: string
  stop(): Promise<void>
}

/** @param options.location the snippet, to stand within `server { … }` */
export async function serveTls(options: {
  readonly location: string
  readonly host: string
  readonly port: number
}): Promise<TlsProxy> {
  const { location, host, port } = options
  const directory = mkdtempSync(join(tmpdir(), 'countersign-nginx-'))
  const certificate = join(directory, 'certificate.pem')
  const key = join(directory, 'key.pem')
  const subject = ['-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`]
  const fresh = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  const files = ['-keyout', key, '-out', certificate, '-days', '1']
  await succeed('openssl', [...fresh, ...subject, ...files], { cwd: directory })
  const configuration = join(directory, 'nginx.conf')
  writeFileSync(configuration, configure({ directory, location, host, port, certificate, key }))
  const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` }
  const words = ['-p', directory, '-e', join(directory, 'error.log'), '-c', configuration]
  const checked = spawnSync('nginx', [...words, '-t'], { env, encoding: 'utf8' })
  if (checked.status !== 0) throw new Error(`nginx refuses the snippet:\n${checked.stderr}`)
  const nginx = spawn('nginx', words, { env, stdio: 'ignore' })
  await untilListening(port)
  return {
    port,
    curlOptions: `--cacert ${certificate} --resolve ${host}:${port}:127.0.0.1`,
    stop: async () => {
      const closed = once(nginx, 'close')
      nginx.kill('SIGTERM')
      await closed
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function configure(parts: {
  readonly directory: string
  readonly location: string
  readonly host: string
  readonly port: number
  readonly certificate: string
  readonly key: string
}): string {
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  mkdirSync(join(parts.directory, 'temporary'))
  const paths = kinds.map((kind) => `${kind}_temp_path ${parts.directory}/temporary/${kind};`)
  return `
daemon off;
worker_processes 1;
pid ${parts.directory}/nginx.pid;
events {}
http {
  access_log off;
  ${paths.join('\n  ')}
  server {
    listen 127.0.0.1:${parts.port} ssl;
    server_name ${parts.host};
    ssl_certificate ${parts.certificate};
    ssl_certificate_key ${parts.key};
    ${parts.location}
  }
}
`
}

async function untilListening(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    const isOpen = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false)
    socket.destroy()
    if (isOpen) return
    await sleep(20)
  }
}

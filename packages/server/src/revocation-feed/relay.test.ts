// A real shared cache between the feed and its consumers: nginx, with the credential that the consumers have not.

import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createVerifier } from '@countersign/verify'
import { findFreePort } from '../../../../tools/servers/server-process.ts'
import { until } from '../../../../tools/until.ts'
import type { Countersign } from '../create-countersign.ts'
import { bearer, createSite, openLibrary, serveSite, signUp } from '../library.fixture.ts'

const pageType = 'application/countersign-revocations+jwt'
const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` }
const withoutNginx =
  spawnSync('nginx', ['-v'], { env }).error !== undefined &&
  'nginx is not installed (Debian has it)'

/** Serves `/feed` from its cache and asks the feed at most once in a second. Returns the URL. */
async function startRelay(t: TestContext, feed: string, authorization: string): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-relay-'))
  // Where it is started by root its worker is not, and has to find its cache.
  chmodSync(directory, 0o755)
  mkdirSync(join(directory, 'temporary'))
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  const port = await findFreePort()
  writeFileSync(
    join(directory, 'nginx.conf'),
    `daemon off;
    pid ${directory}/pid;
    events {}
    http {
      access_log off;
      ${kinds.map((kind) => `${kind}_temp_path ${directory}/temporary/${kind};`).join('\n')}
      proxy_cache_path ${directory}/cache keys_zone=feed:1m;
      server {
        listen 127.0.0.1:${port};
        location = /feed {
          proxy_pass ${feed}$is_args$args;
          proxy_http_version 1.1;
          proxy_set_header Authorization "${authorization}";
          proxy_cache feed;
          proxy_cache_key $request_uri$http_accept;
          proxy_cache_valid 200 1s;
          proxy_cache_lock on;
          proxy_cache_use_stale updating;
          proxy_ignore_headers Cache-Control Vary;
        }
      }
    }`,
  )
  const words = ['-p', directory, '-e', 'error.log', '-c', join(directory, 'nginx.conf')]
  const nginx = spawn('nginx', words, { env, stdio: 'ignore' })
  t.after(async () => {
    nginx.kill('SIGTERM')
    await once(nginx, 'close')
    rmSync(directory, { recursive: true, force: true })
  })
  const url = `http://127.0.0.1:${port}/feed`
  await until(
    () =>
      fetch(url, { method: 'HEAD' }).then(
        () => true,
        () => false,
      ),
    'nginx to listen',
  )
  return url
}

test('a cache in between serves many consumers, who have no credential of their own, and hides no log-out', {
  skip: withoutNginx,
}, async (t) => {
  let asked = 0
  const listener: RequestListener = (request, response) => {
    if (request.url?.startsWith('/api/auth/revocations')) asked++
    holder.auth?.handler(request, response)
  }
  const holder: { auth?: Countersign } = {}
  const site = await serveSite(t, listener)
  const auth = await openLibrary(t, { publicUrl: site.url, rateLimitAnonymous: '100000/1m' })
  holder.auth = auth
  const added = await auth.services.add('relay')
  assert.ok(added.ok)
  const pair = Buffer.from(`${added.service.id}:${added.secret}`).toString('base64')
  const url = await startRelay(t, `${site.url}/api/auth/revocations`, `Basic ${pair}`)
  const consumers = Array.from({ length: 8 }, () => {
    const credential = { id: 'nobody', secret: 'knows' }
    const how = { credential, url, follow: 'poll', pollSeconds: 0.1, onStale: 'refuse' } as const
    return createVerifier({ issuer: site.url, audience: site.url, revocations: how })
  })
  const { token } = await signUp(site, 'ada')
  const other = await signUp(createSite(site.url, fetch), 'bob')
  const verdicts = (text: string) => Promise.all(consumers.map((each) => each.verify(text)))
  const areAllGood = async (): Promise<boolean> => (await verdicts(token)).every(({ ok }) => ok)
  assert.ok(await areAllGood())
  // The next page is in the cache, too, without the log-out.
  await until(async () => (await areAllGood()) && asked > 1, 'the second page')
  assert.equal((await site.call('POST', '/api/auth/logout', bearer(token))).status, 204)

  const areAllRefused = async (): Promise<boolean> =>
    (await verdicts(token)).every((verdict) => !verdict.ok && verdict.reason === 'revoked')
  await until(areAllRefused, 'every consumer to hear of the log-out')
  assert.ok((await verdicts(other.token)).every(({ ok }) => ok))
  // One of the consumers asks for all of them.
  const before = asked
  await Promise.all(consumers.map(() => fetch(url, { headers: { accept: pageType } })))
  assert.ok(asked - before <= 1, `${asked - before} of ${consumers.length} went past the cache`)
  for (const consumer of consumers) consumer.close()
})

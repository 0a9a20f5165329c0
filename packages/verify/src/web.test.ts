import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join, resolve } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { chromium } from 'playwright-core'
import { IssuerServer } from './issuer/issuer-server.fixture.ts'
import { CREDENTIAL, FeedServer } from './revocations/feed-server.fixture.ts'

const run = promisify(execFile)
const root = resolve(import.meta.dirname, '../../..')
const vectorsFile = join(root, 'conformance/vectors/access-tokens.json')
const vectors = JSON.parse(readFileSync(vectorsFile, 'utf8'))
const count = [vectors, vectors.sharedSecret].reduce(
  (sum: number, { valid, invalid }) => sum + valid.length + invalid.length,
  0,
)

let issuer: IssuerServer
let tokens: string[]

before(async () => {
  issuer = await IssuerServer.start()
  const feed = new FeedServer(issuer, Date.now)
  const iat = Math.floor(Date.now() / 1000)
  feed.revoke({ session: 'ended', at: iat })
  const times = { iat, exp: iat + 600 }
  tokens = [
    issuer.sign(times),
    issuer.sign({ ...times, sid: 'ended' }),
    issuer.sign({ ...times, exp: iat - 1 }),
  ]
})
after(() => issuer.close())

interface Findings {
  vectors: { checked: number; wrong: string[] }
  issuer: { outcomes: string[]; statuses: number[]; revocations: { state: string } }
}

function assertFindings({ vectors, issuer }: Findings): void {
  assert.deepEqual(vectors, { checked: count, wrong: [] })
  assert.deepEqual(issuer.outcomes, ['accepted', 'revoked', 'expired'])
  assert.deepEqual(issuer.statuses, [200, 401, 401])
  assert.equal(issuer.revocations.state, 'current')
}

describe('the door for the web', () => {
  test('works in a Node that refuses its own modules', async () => {
    const fixture = pathToFileURL(join(import.meta.dirname, 'web-check.fixture.ts')).href
    // Node's globals stay, because its own fetch needs them; that we do not is proven in Chromium.
    const script = `
      import { registerHooks } from 'node:module'
      import { readFileSync } from 'node:fs'
      const vectors = JSON.parse(readFileSync(${JSON.stringify(vectorsFile)}, 'utf8'))
      registerHooks({
        resolve(specifier, context, next) {
          const found = next(specifier, context)
          if (found.url.startsWith('node:')) throw new Error(context.parentURL + ' imports ' + found.url)
          return found
        },
      })
      const { checkVectors, checkIssuer } = await import(${JSON.stringify(fixture)})
      console.log(JSON.stringify({
        vectors: await checkVectors(vectors),
        issuer: await checkIssuer(${JSON.stringify(issuer.url)}, ${JSON.stringify(CREDENTIAL)}, ${JSON.stringify(tokens)}),
      }))
      process.exit()
    `
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], {
      cwd: import.meta.dirname,
    })
    assertFindings(JSON.parse(stdout))
  })

  test('is kept by the same means from importing anything of Node', async () => {
    const door = pathToFileURL(join(import.meta.dirname, 'index.ts')).href
    const script = `
      import { registerHooks } from 'node:module'
      registerHooks({
        resolve(specifier, context, next) {
          const found = next(specifier, context)
          if (found.url.startsWith('node:')) throw new Error('refused')
          return found
        },
      })
      await import(${JSON.stringify(door)}).then(() => console.log('let in'), ({ message }) => console.log(message))
    `
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script])
    assert.equal(stdout.trim(), 'refused')
  })

  test('works in Chromium', async () => {
    serveSources()
    const browser = await chromium.launch({
      executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
      args: ['--no-sandbox'],
    })
    try {
      const page = await browser.newPage()
      await page.goto(`${issuer.url}/page.html`)
      const given = { vectors, url: issuer.url, credential: CREDENTIAL, tokens }
      const findings = await page.evaluate(async ({ vectors, url, credential, tokens }) => {
        const address = '/packages/verify/src/web-check.fixture.ts'
        const { checkVectors, checkIssuer } = await import(address)
        return {
          vectors: await checkVectors(vectors),
          issuer: await checkIssuer(url, credential, tokens),
        }
      }, given)
      assertFindings(findings)
    } finally {
      await browser.close()
    }
  })
})

/** The sources as modules: types stripped on the way, and Hono found where it is installed. */
function serveSources(): void {
  const imports = { hono: '/node_modules/hono/dist/index.js' }
  const map = `<script type="importmap">${JSON.stringify({ imports })}</script>`
  issuer.answers.set('/page.html', (_, response) => {
    response.setHeader('content-type', 'text/html').end(`<!doctype html>${map}`)
  })
  issuer.fallback = ({ url = '' }, response) => {
    const file = join(root, url)
    if (!/^\/(packages|node_modules)\/[\w./-]+\.(js|ts)$/.test(url) || !existsSync(file)) {
      response.writeHead(404).end()
      return
    }
    const text = readFileSync(file, 'utf8')
    response.setHeader('content-type', 'text/javascript; charset=utf-8')
    response.end(file.endsWith('.ts') ? stripTypeScriptTypes(text) : text)
  }
}

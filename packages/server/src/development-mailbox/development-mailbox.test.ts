import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { until } from '../../../../tools/until.ts'
import { openPage, withoutBrowser } from '../documentation/browser.fixture.ts'
import { openLibrary, password, serveSite, type Site } from '../library.fixture.ts'

const ada = 'ada@example.org'
const path = '/dev/mailbox'

async function setUp(t: TestContext): Promise<Site> {
  const auth = await openLibrary(t)
  const site = await serveSite(t, auth.handler)
  await site.call('POST', '/api/auth/register', { body: { username: 'ada', password, email: ada } })
  await until(async () => /verify-email#/.test((await site.call('GET', path)).text), 'the mail')
  return site
}

describe('the development mailbox', () => {
  test('shows what a caller says of itself as text', async (t) => {
    const site = await setUp(t)
    const body = { username: 'eve', password, email: "o'brien&ltb&gt@example.org" }
    assert.equal((await site.call('POST', '/api/auth/register', { body })).status, 201)
    await until(async () => /brien/.test((await site.call('GET', path)).text), 'the mail')
    const shown = await site.call('GET', path)
    assert.match(shown.text, /To: o&#39;brien&amp;ltb&amp;gt@example\.org/)
    const policy = shown.headers.get('content-security-policy') ?? ''
    assert.match(policy, /^default-src 'none'; style-src 'sha256-[\w+/=]+'; /)
  })

  test('shows the whole of a link, on a narrow screen, too', {
    skip: withoutBrowser,
  }, async (t) => {
    const site = await setUp(t)
    const viewport = { width: 390, height: 800 }
    const { page, faults } = await openPage(t, site.url + path, { viewport })
    const link = page.locator('article a').first()
    assert.ok(((await link.textContent()) ?? '').length > 200)
    const { scrolled, width } = await page.evaluate(() => ({
      scrolled: document.documentElement.scrollWidth,
      width: document.documentElement.clientWidth,
    }))
    assert.equal(scrolled, width)
    assert.deepEqual(faults, [])
  })
})

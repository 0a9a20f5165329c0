import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { resolve } from 'node:path'
import fc from 'fast-check'
import { checkSettings } from './check-settings.ts'
import { type CountersignOptions, type OptionName, optionTable } from './options.ts'
import type { Settings } from './settings.ts'

const secret = 'Vb3nq0TjYf1xLw9sKzR7uEhD5mGaPcQ2'

function settingsOf(options: CountersignOptions, production = false): Settings {
  const checked = checkSettings(options, { production })
  assert.ok(checked.ok, JSON.stringify(checked))
  return checked.settings
}

function mistakesOf(options: Record<string, unknown>, production = false): string[] {
  const checked = checkSettings(options, { production })
  return checked.ok
    ? []
    : checked.mistakes.map(({ option, message }) => `${option ?? '-'}: ${message}`)
}

describe('without any option', () => {
  test('everything has the default that the reference names', () => {
    assert.deepEqual(settingsOf({}), {
      production: false,
      port: 3000,
      host: '127.0.0.1',
      publicUrl: 'http://localhost:3000',
      issuer: 'http://localhost:3000',
      audience: 'http://localhost:3000',
      clientId: 'first-party',
      database: { kind: 'sqlite', file: resolve('data/countersign.db') },
      migratesOnStart: true,
      redisUrl: undefined,
      secrets: [],
      jwtSecret: undefined,
      jwtAlgorithm: 'ES256',
      accessTokenTtlSeconds: 900,
      sessionIdleSeconds: 7 * 86_400,
      sessionMaxSeconds: 90 * 86_400,
      refreshWindowSeconds: 30,
      smtp: undefined,
      mailFrom: '',
      accountPagesUrl: 'http://localhost:3000/account',
      serviceName: 'Countersign',
      signInByMail: true,
      rateLimitMail: { count: 10, windowSeconds: 3600 },
      secondFactor: 'optional',
      recentAuthenticationSeconds: 900,
      passkeys: { rpId: 'localhost', origins: ['http://localhost:3000'] },
      keyRotationSeconds: 30 * 86_400,
      auditRetentionSeconds: 365 * 86_400,
      clientOrigins: [],
      registration: 'open',
      roles: ['user', 'admin'],
      administrator: undefined,
      trustedProxies: 0,
      rateLimitAnonymous: { count: 100, windowSeconds: 900 },
      rateLimitUser: { count: 1000, windowSeconds: 60 },
      rateLimitLogin: { count: 10, windowSeconds: 900 },
      rateLimitAccount: { count: 100, windowSeconds: 3600 },
      rateLimitRegister: { count: 20, windowSeconds: 3600 },
      passwordMinLength: 8,
      commonPasswords: 'warn',
      metricsToken: undefined,
      metricsPort: undefined,
      documentation: true,
      logLevel: 'info',
    })
  })

  test('production listens on all interfaces and refuses common passwords', () => {
    const { production, host, commonPasswords } = settingsOf({}, true)
    assert.deepEqual([production, host, commonPasswords], [true, '::', 'refuse'])
  })

  test('the option for production decides before the environment', () => {
    assert.equal(settingsOf({ production: false }, true).production, false)
    assert.equal(settingsOf({ production: true }, false).commonPasswords, 'refuse')
  })
})

describe('every option', () => {
  test('arrives where it is used', () => {
    const settings = settingsOf({
      production: true,
      host: '10.0.0.1',
      port: '8080',
      publicUrl: 'https://auth.example.com/',
      databaseUrl: 'sqlite:/var/lib/x.db',
      secret: [secret],
      jwtAlgorithm: 'PS256',
      jwtExpiresIn: '5m',
      jwtIssuer: 'https://issuer.example.com',
      jwtAudience: 'api',
      jwtClientId: 'app',
      keyRotation: '1d',
      clientOrigin: 'https://a.example.com, http://localhost:5173/',
      registration: 'closed',
      roles: 'member,admin,editor',
      adminUsername: 'root',
      adminPassword: 'correct horse battery staple',
      trustedProxies: 2,
      rateLimitAnonymous: '1/1s',
      rateLimitUser: '2/2s',
      rateLimitLogin: '3/3s',
      rateLimitAccount: '5/5s',
      rateLimitRegister: '4/4s',
      passwordMinLength: 12,
      passwordCommon: 'warn',
      sessionIdle: '1h',
      sessionMax: '2h',
      refreshWindow: 0,
      secondFactor: 'admin',
      recentAuthentication: '1m',
      auditRetention: '30d',
      metricsToken: 'sixteen-letters!',
      metricsPort: 9090,
      docs: 'off',
      logLevel: 'silent',
    })
    assert.deepEqual(settings, {
      production: true,
      host: '10.0.0.1',
      port: 8080,
      publicUrl: 'https://auth.example.com',
      issuer: 'https://issuer.example.com',
      audience: 'api',
      clientId: 'app',
      database: { kind: 'sqlite', file: '/var/lib/x.db' },
      migratesOnStart: true,
      redisUrl: undefined,
      secrets: [secret],
      jwtSecret: undefined,
      jwtAlgorithm: 'PS256',
      accessTokenTtlSeconds: 300,
      sessionIdleSeconds: 3600,
      sessionMaxSeconds: 7200,
      refreshWindowSeconds: 0,
      smtp: undefined,
      mailFrom: '',
      accountPagesUrl: 'https://auth.example.com/account',
      serviceName: 'Countersign',
      signInByMail: true,
      rateLimitMail: { count: 10, windowSeconds: 3600 },
      secondFactor: ['admin'],
      recentAuthenticationSeconds: 60,
      passkeys: { rpId: 'auth.example.com', origins: ['https://auth.example.com'] },
      keyRotationSeconds: 86_400,
      auditRetentionSeconds: 30 * 86_400,
      clientOrigins: ['https://a.example.com', 'http://localhost:5173'],
      registration: 'closed',
      roles: ['member', 'admin', 'editor'],
      administrator: { username: 'root', password: 'correct horse battery staple' },
      trustedProxies: 2,
      rateLimitAnonymous: { count: 1, windowSeconds: 1 },
      rateLimitUser: { count: 2, windowSeconds: 2 },
      rateLimitLogin: { count: 3, windowSeconds: 3 },
      rateLimitAccount: { count: 5, windowSeconds: 5 },
      rateLimitRegister: { count: 4, windowSeconds: 4 },
      passwordMinLength: 12,
      commonPasswords: 'warn',
      metricsToken: 'sixteen-letters!',
      metricsPort: 9090,
      documentation: false,
      logLevel: 'silent',
    } satisfies Settings)
  })

  test('follows the port and the issuer where it is not set itself', () => {
    assert.equal(settingsOf({ port: 8080 }).publicUrl, 'http://localhost:8080')
    const { issuer, audience } = settingsOf({ publicUrl: 'https://auth.example.com' })
    assert.deepEqual([issuer, audience], ['https://auth.example.com', 'https://auth.example.com'])
    assert.equal(
      settingsOf({ jwtIssuer: 'https://i.example.com' }).audience,
      'https://i.example.com',
    )
  })
})

describe('a mistake', () => {
  const single: [Record<string, unknown>, RegExp][] = [
    [{ mongodbUri: 'mongodb://h/d', secret, databaseUrl: 'sqlite:x' }, /^mongodbUri: /],
    [{ port: 70_000 }, /^port: "70000" is no whole number from 0 to 65535/],
    [{ publicUrl: 'auth.example.com' }, /^publicUrl: .*write it as https:/],
    [{ databaseUrl: 'mysql://h/d' }, /^databaseUrl: .*mysql:/],
    [{ secret: 'short' }, /^secret: .*32 characters or more/],
    [{ jwtSecret: 'short' }, /^jwtSecret: It has 5 bytes/],
    [{ jwtAlgorithm: 'none' }, /^jwtAlgorithm: "none" is not one of/],
    [{ jwtExpiresIn: '9s' }, /^jwtExpiresIn: "9s" is not from 10 to 86400 seconds/],
    [{ jwtExpiresIn: '25h' }, /^jwtExpiresIn: /],
    [{ keyRotation: '59m' }, /^keyRotation: /],
    [{ clientOrigin: '*' }, /^clientOrigin: "\*" would let every page/],
    [{ clientOrigin: 'https://a.example.com/path' }, /^clientOrigin: .*is no origin/],
    [{ registration: 'maybe' }, /^registration: "maybe" is not one of open, closed/],
    [{ roles: 'user,2fast,admin' }, /^roles: "2fast" is no role name/],
    [{ roles: `user,admin,${'x'.repeat(33)}` }, /^roles: "x+" is no role name/],
    [{ roles: 'user,admin,user' }, /^roles: A role is named twice/],
    [{ roles: 'user,editor' }, /^roles: "admin" is missing/],
    [{ roles: 'admin,user' }, /^roles: The first role is what everybody gets/],
    [
      { adminUsername: 'root' },
      /^adminPassword: ADMIN_USERNAME and ADMIN_PASSWORD_FILE go together/,
    ],
    [{ adminPassword: 'correct horse' }, /^adminUsername: .*go together/],
    [{ trustedProxies: 11 }, /^trustedProxies: .*from 0 to 10/],
    [{ trustedProxies: true }, /^trustedProxies: It has to be a text or a number/],
    [{ rateLimitAnonymous: 'off' }, /^rateLimitAnonymous: "off" is no limit/],
    [{ rateLimitUser: '10' }, /^rateLimitUser: /],
    [{ rateLimitLogin: '10/0' }, /^rateLimitLogin: /],
    [{ rateLimitAccount: '1h' }, /^rateLimitAccount: /],
    [{ rateLimitRegister: '/1h' }, /^rateLimitRegister: /],
    [{ passwordMinLength: 7 }, /^passwordMinLength: .*from 8 to 64/],
    [{ passwordCommon: 'allow' }, /^passwordCommon: "allow" is not one of refuse, warn/],
    [{ sessionIdle: '59s' }, /^sessionIdle: /],
    [{ sessionMax: '1m', sessionIdle: '1h' }, /^sessionMax: It is shorter than SESSION_IDLE/],
    [{ sessionIdle: '10m' }, /^jwtExpiresIn: Access tokens would outlive an idle session/],
    [{ refreshWindow: '6m' }, /^refreshWindow: .*from 0 to 300/],
    [{ auditRetention: '1h' }, /^auditRetention: /],
    [{ metricsToken: 'fifteen-letters' }, /^metricsToken: It is too short/],
    [{ metricsPort: 'x' }, /^metricsPort: /],
    [{ docs: 'yes' }, /^docs: "yes" is not one of on, off/],
    [{ logLevel: 'loud' }, /^logLevel: /],
    [{ mongodbUri: 'mongodb://h/d' }, /^secret: .*COUNTERSIGN_SECRET=/],
    [{ redisUrl: 'http://h' }, /^redisUrl: It is no URL of one Redis/],
    [{ redisUrl: 'redis+sentinel://h:26379/primary' }, /^redisUrl: .*address, which follows/],
    [{ redisUrl: 'redis://a,b' }, /^redisUrl: .*address, which follows/],
    [{ redisUrl: 'redis://a:6379,b:6379' }, /^redisUrl: .*address, which follows/],
    [{ migrateOnStart: 'no' }, /^migrateOnStart: /],
    [{ production: 'false' }, /^production: It has to be true or false/],
    [{ production: 0 }, /^production: /],
    [{ production: null }, /^production: /],
    [{ jwtSecert: 'x' }, /^-: There is no option "jwtSecert": correct its name/],
  ]

  test('is refused with its option and its mend', () => {
    for (const [options, expected] of single) {
      const mistakes = mistakesOf(options)
      assert.equal(mistakes.length, 1, JSON.stringify([options, mistakes]))
      assert.match(mistakes[0] ?? '', expected)
    }
  })

  test('is one port for the API and for metrics, which they cannot share', () => {
    for (const options of [{ metricsPort: 4000, port: 4000 }, { metricsPort: 3000 }]) {
      assert.deepEqual(mistakesOf(options), [
        'metricsPort: It is PORT, where the API is: take another, or 0 for one that is free.',
      ])
    }
  })

  test('at the bound is none', () => {
    const fine: CountersignOptions[] = [
      { jwtExpiresIn: 10, sessionIdle: 60, sessionMax: 60 },
      { jwtExpiresIn: 60, sessionIdle: 60, sessionMax: 60 },
      { jwtExpiresIn: '24h' },
      { keyRotation: '1h' },
      { refreshWindow: '5m' },
      { auditRetention: '1d' },
      { trustedProxies: 10 },
      { passwordMinLength: 64 },
      { roles: `user,admin,${'x'.repeat(32)}` },
      { metricsPort: 65_535, port: 0 },
      { metricsPort: 0, port: 0 },
      { sessionIdle: '400d', sessionMax: '3650d' },
    ]
    for (const options of fine) assert.deepEqual(mistakesOf({ ...options }), [])
  })

  test('is listed with all the others at once', () => {
    const all = Object.assign({}, ...single.map(([options]) => options)) as Record<string, unknown>
    const mistakes = mistakesOf(all)
    const refused = new Set(mistakes.map((mistake) => mistake.split(':')[0]))
    // Two halves that go together, and an idle life that is fine by itself.
    const fine = new Set(['adminUsername', 'adminPassword', 'sessionIdle', 'databaseUrl'])
    const named = optionTable.map(({ name }) => name).filter((name) => name in all)
    assert.deepEqual(
      named.filter((name) => !refused.has(name) && !fine.has(name)),
      [],
    )
    assert.ok(named.length > 25)
    assert.ok(refused.has('-'))
  })

  test('never shows a secret', () => {
    const words = 'swordfish-of-the-host'
    const options = {
      secret: [words, 7],
      jwtSecret: words,
      adminPassword: words,
      metricsToken: 'swordfish',
      mongodbUri: `mongodb://user:${words}@h/d`,
    }
    assert.equal(mistakesOf(options, true).join('\n').includes('swordfish'), false)
    assert.equal(
      mistakesOf({ ...options, secret: words }, true)
        .join('\n')
        .includes('swordfish'),
      false,
    )
  })
})

describe('production', () => {
  test('refuses what others could read, lose or guess, and development does not', () => {
    const insecure: [CountersignOptions, RegExp][] = [
      [{ publicUrl: 'http://auth.example.com' }, /^publicUrl: Over http anybody on the way reads/],
      [{ clientOrigin: 'http://app.example.com' }, /^clientOrigin: .*pages that log users in need/],
      [{ databaseUrl: 'sqlite::memory:' }, /^databaseUrl: In memory every account is lost/],
      [{ secret: 'change-me-change-me-change-me-change-me' }, /^secret: .*can be guessed/],
      [{ jwtSecret: 'your-256-bit-secret-your-256-bit-secret' }, /^jwtSecret: .*can be guessed/],
    ]
    for (const [options, expected] of insecure) {
      assert.deepEqual(mistakesOf({ ...options }, false), [])
      const mistakes = mistakesOf({ ...options }, true)
      assert.equal(mistakes.length, 1)
      assert.match(mistakes[0] ?? '', expected)
      assert.match(mistakesOf({ ...options, production: true }, false)[0] ?? '', expected)
    }
  })

  test('is assumed when nobody can tell whether it was meant', () => {
    const mistakes = mistakesOf({ production: 'false', publicUrl: 'http://auth.example.com' })
    assert.equal(mistakes.length, 2)
    assert.match(mistakes[1] ?? '', /^publicUrl: Over http/)
  })

  test('accepts http on this machine itself', () => {
    for (const url of ['http://localhost:3000', 'http://127.0.0.1:3000', 'http://[::1]:3000']) {
      assert.deepEqual(mistakesOf({ publicUrl: url, clientOrigin: url }, true), [])
    }
  })
})

describe('the database', () => {
  test('is a file, wherever it lies, or memory', () => {
    const files: [string, string][] = [
      ['sqlite:./x.db', resolve('x.db')],
      ['sqlite:x.db', resolve('x.db')],
      ['sqlite:/abs/x.db', '/abs/x.db'],
      ['sqlite:///abs/x.db', '/abs/x.db'],
      ['sqlite::memory:', ':memory:'],
    ]
    for (const [databaseUrl, file] of files) {
      assert.deepEqual(settingsOf({ databaseUrl }).database, { kind: 'sqlite', file })
    }
  })

  test('never becomes SQLite because another one was not understood', () => {
    for (const databaseUrl of [
      'postgresqll://h/d',
      'x.db',
      'sqlite:',
      '/var/lib/x.db',
      'SQLITE:x',
    ]) {
      assert.match(mistakesOf({ databaseUrl })[0] ?? '', /^databaseUrl: /, databaseUrl)
    }
  })
})

describe('whatever an option holds', () => {
  test('it is checked and never makes the check crash', () => {
    const names = optionTable.map(({ name }) => name)
    const value = fc.oneof(
      fc.anything(),
      fc.string(),
      fc.constantFrom(
        '',
        ' ',
        '0',
        '-1',
        '1e400',
        '\0',
        '\ud800',
        '15m',
        ',',
        'sqlite:',
        'http://[',
      ),
      fc.array(fc.string()),
    )
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom<OptionName>(...names), value, { maxKeys: 8 }),
        fc.boolean(),
        (options, production) => {
          const checked = checkSettings(options, { production })
          if (checked.ok) return
          assert.ok(checked.mistakes.length > 0)
          for (const { message } of checked.mistakes) assert.equal(typeof message, 'string')
        },
      ),
      { numRuns: 500 },
    )
  })

  test('what is accepted can be used', () => {
    const text = fc.oneof(fc.string(), fc.integer().map(String), fc.constantFrom('15m', '1/1m'))
    const names = optionTable.map(({ name }) => name).filter((name) => name !== 'production')
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom<OptionName>(...names), text, { maxKeys: 3 }),
        (options: CountersignOptions) => {
          const checked = checkSettings(options, { production: true })
          if (!checked.ok) return
          const { settings } = checked
          assert.ok(URL.canParse(settings.publicUrl))
          assert.ok(settings.issuer !== '' && settings.audience !== '')
          assert.ok(settings.roles.includes('admin') && settings.roles[0] !== 'admin')
          assert.ok(settings.accessTokenTtlSeconds <= settings.sessionIdleSeconds)
          assert.ok(settings.sessionIdleSeconds <= settings.sessionMaxSeconds)
          assert.ok(settings.clientOrigins.every((origin) => new URL(origin).origin === origin))
        },
      ),
      { numRuns: 500 },
    )
  })
})

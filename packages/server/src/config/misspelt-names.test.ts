import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { suggestName } from './misspelt-names.ts'
import { isReadableFromFile, optionTable } from './options.ts'

describe('a variable that nothing reads', () => {
  test('is told from the one that is meant by a slip or two', () => {
    for (const [variable, meant] of [
      ['PUBLIC_ULR', 'PUBLIC_URL'],
      ['PUBLIC_URI', 'PUBLIC_URL'],
      ['COUNTERSIGN_SECRETS', 'COUNTERSIGN_SECRET'],
      ['COUNTERSIGN_SECRETS_FILE', 'COUNTERSIGN_SECRET_FILE'],
      ['COUNTERSING_SECRET', 'COUNTERSIGN_SECRET'],
      ['JWT_SECRT', 'JWT_SECRET'],
      ['jwt_secret', 'JWT_SECRET'],
      ['CLIENT_ORIGINS', 'CLIENT_ORIGIN'],
      ['RATE_LIMITS_LOGIN', 'RATE_LIMIT_LOGIN'],
      ['PASSWORD_MIN_LENGHT', 'PASSWORD_MIN_LENGTH'],
      ['TRUST_PROXIES', 'TRUSTED_PROXIES'],
      ['LOGLEVEL', 'LOG_LEVEL'],
      ['MONGODB_URL', 'MONGODB_URI'],
      ['PUBLIC_URL_FILE', 'PUBLIC_URL'],
      ['RATE_LIMIT_LOGIN_FILE', 'RATE_LIMIT_LOGIN'],
    ] as const) {
      assert.equal(suggestName(variable), meant, variable)
    }
  })

  test('is told from the one that other programs call so', () => {
    assert.equal(suggestName('ALLOWED_ORIGINS'), 'CLIENT_ORIGIN')
    assert.equal(suggestName('JWT_REFRESH_SECRET'), 'COUNTERSIGN_SECRET')
    assert.equal(suggestName('TRUST_PROXY'), 'TRUSTED_PROXIES')
    assert.equal(suggestName('MONGO_URI'), 'MONGODB_URI')
  })

  test('that sets limits by another name is told all that there are', () => {
    for (const variable of [
      'RATE_LIMIT',
      'RATE_LIMITS',
      'RATE_LIMIT_WINDOW_MS',
      'RATE_LIMIT_MAX_REQUESTS',
    ]) {
      assert.match(
        suggestName(variable) ?? '',
        /RATE_LIMIT_ANONYMOUS, .*RATE_LIMIT_LOGIN/,
        variable,
      )
    }
  })

  test('and is none of ours is left alone', () => {
    const ofOthers = `HOME PATH HOSTNAME HOSTS PORTS POST ROLE DOC LANG SHLVL _ PWD TERM
      NODE_OPTIONS NODE_PATH NODE_EXTRA_CA_CERTS npm_lifecycle_event UV_THREADPOOL_SIZE DEBUG
      METRICS_HOST METRICS_PATH DATABASE_USER DATABASE_NAME DB_URL REDIS_HOST REDIS_PORT
      JWT_PUBLIC_KEY SMTP_USER SMTP_PASS MAIL_HOST SERVICE_URL PUBLIC_IP SESSION_SECRET
      __proto__ constructor CONSTRUCTOR`
    // What Kubernetes puts into every container beside a service of this name.
    const ofKubernetes = `COUNTERSIGN_SERVICE_HOST COUNTERSIGN_SERVICE_PORT COUNTERSIGN_PORT
      COUNTERSIGN_PORT_3000_TCP COUNTERSIGN_PORT_3000_TCP_ADDR`
    const variables = `${ofOthers} ${ofKubernetes}`.split(/\s+/)
    for (const variable of [...variables, '', 'A'.repeat(100_000)]) {
      assert.equal(suggestName(variable), undefined, variable.slice(0, 40))
    }
  })

  test('is never one that is read', () => {
    for (const option of optionTable) {
      assert.equal(suggestName(option.environmentName), undefined)
      if (isReadableFromFile(option)) {
        assert.equal(suggestName(`${option.environmentName}_FILE`), undefined)
      }
    }
  })
})

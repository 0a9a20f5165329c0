// docs/growing.md says how each failure looks from outside. Every row has a test that makes the failure and looks.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

type Proof = readonly [file: string, test: string]

const server = 'packages/server/src'
const program = 'packages/countersign/src'

const unheard: Proof = [
  `${program}/postgres.test.ts`,
  'while the database cannot be heard every call says so, and none hangs',
]

const proofs: Readonly<Record<string, readonly Proof[]>> = {
  'the database is unreachable': [
    unheard,
    [
      'conformance/api/store-failure.test.ts',
      'while another process locks the database nothing is let through or half done',
    ],
  ],
  'the database is slow': [
    unheard,
    [
      `${server}/stores/sql/postgres-outage.test.ts`,
      'no more callers wait than a connection serves in a moment',
    ],
  ],
  'the connection breaks in the middle of a write': [
    [
      `${program}/postgres.test.ts`,
      'a change whose answer is lost on the way is answered once, and happened once',
    ],
  ],
  'PostgreSQL fails over to a standby': [
    [
      'failover/postgres.test.ts',
      'a failover to an asynchronous standby logs nobody out, though the last writes are lost',
    ],
    [
      'failover/postgres.test.ts',
      'a failover to a synchronous standby loses nothing that was acknowledged',
    ],
  ],
  'the address leads to a standby': [
    [
      `${server}/stores/sql/postgres-outage.test.ts`,
      'leaves a standby as soon as there is a primary',
    ],
  ],
  'a pooler shares connections between transactions': [
    [`${server}/stores/sql/pgbouncer.test.ts`, 's is refused, and nothing left behind in it'],
  ],
  'the disk of the embedded database is full': [
    [
      `${program}/full-disk.test.ts`,
      'a full disk is a 503 with no half-done change, reads go on, and room is all it takes',
    ],
  ],
  'the embedded database may not be written': [
    [
      `${server}/stores/sql/sqlite-faults.test.ts`,
      'a database that may not be written refuses to open, says why, and opens when it may',
    ],
  ],
  'Redis is away or hangs': [
    [
      `${program}/redis-crash.test.ts`,
      'kill -9 of Redis under load refuses nobody and opens nothing',
    ],
    [`${server}/redis/redis.test.ts`, 'a hanging Redis is waited for once, then left alone'],
  ],
  'Redis fails over by Sentinel': [
    [
      'failover/redis.test.ts',
      'a failover by Sentinel is an outage of the bus, which the database bridges',
    ],
  ],
  '`REDIS_URL` leads to a replica, a Sentinel, one node of a cluster, or a Redis without memory': [
    [
      `${server}/redis/misplaced-redis.test.ts`,
      'a primary that becomes a replica is let go at once',
    ],
    [`${server}/redis/misplaced-redis.test.ts`, 'a Sentinel is named as what it is'],
    [
      `${server}/redis/misplaced-redis.test.ts`,
      'a node of a cluster is not used, unless it has every key',
    ],
    [
      `${server}/redis/misplaced-redis.test.ts`,
      'a Redis that has no memory left is said to be so, and used when it has',
    ],
  ],
  'an instance is killed': [
    [
      `${program}/postgres.test.ts`,
      'kill -9 of an instance under load loses nothing, and the other serves on',
    ],
  ],
  'a clock is off by more than 5 s': [
    [
      `${server}/store-time.test.ts`,
      'an instance whose clock is off by more than 5 s does not count as ready',
    ],
  ],
  'too many log-ins at once': [
    [
      'conformance/api/limits.test.ts',
      'more log-ins at once than can be hashed get 503 with Retry-After',
    ],
  ],
  'all instances restart': [
    [`${program}/commands/start.test.ts`, 'keeps everything over a restart'],
    [`${program}/postgres.test.ts`, 'does everything on PostgreSQL, over a restart'],
    ['conformance/api/limits.test.ts', 'failed log-ins are remembered over a restart'],
  ],
  'the master secret is lost': [
    [
      `${program}/commands/start.test.ts`,
      'does not start with a database whose master secret is lost',
    ],
  ],
}

const root = join(import.meta.dirname, '../..')

test('each failure in docs/growing.md has a test that makes it', () => {
  const [, table = ''] = readFileSync(join(root, 'docs/growing.md'), 'utf8').split(
    '## What each failure looks like from outside',
  )
  const rows = [...table.matchAll(/^\| (.+?) \|/gm)].map(([, first = '']) => first)
  assert.deepEqual(rows.slice(1).toSorted(), Object.keys(proofs).toSorted())
  for (const [file, name] of Object.values(proofs).flat()) {
    assert.ok(readFileSync(join(root, file), 'utf8').includes(name), `${file} has no: ${name}`)
  }
})

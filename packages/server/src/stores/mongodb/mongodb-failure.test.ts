import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  MongoNetworkError,
  MongoNetworkTimeoutError,
  MongoNotConnectedError,
  MongoServerError,
  MongoWriteConcernError,
} from 'mongodb'
import { StoreUnavailableError } from '../../foundation/store-failure.ts'
import { explainConnection, explainMongodbFailure, isDuplicateKey } from './mongodb-failure.ts'

function answer(code: number, errmsg = 'refused'): MongoServerError {
  return new MongoServerError({ ok: 0, code, errmsg })
}

function reasonOf(error: unknown): string {
  const explained = explainMongodbFailure(error)
  return explained instanceof StoreUnavailableError ? explained.reason : 'not the store'
}

test('what was sent and not answered may have happened', () => {
  assert.equal(
    reasonOf(new MongoNetworkError('connection 3 to 127.0.0.1:27017 closed')),
    'interrupted',
  )
  assert.equal(reasonOf(new MongoNetworkTimeoutError('timed out')), 'interrupted')
  const concern = { writeConcernError: { code: 64, errmsg: 'waiting timed out' }, ok: 1 }
  assert.equal(reasonOf(new MongoWriteConcernError(concern)), 'interrupted')
})

// Seen under load when the server was killed: the driver hands it on as it is, and the client saw a 500.
test('a socket that the server ended under the driver is an interruption', () => {
  const error = new Error('This socket has been ended by the other party')
  assert.equal(reasonOf(Object.assign(error, { code: 'EPIPE' })), 'interrupted')
})

test('what was never sent has not happened', () => {
  const connecting = new MongoNetworkError('connect ECONNREFUSED')
  connecting.addErrorLabel('HandshakeError')
  assert.equal(reasonOf(connecting), 'unreachable')
  assert.equal(reasonOf(new MongoNotConnectedError('not connected')), 'unreachable')
})

test('a failover is a passing fault', () => {
  for (const code of [91, 189, 10107, 11600, 11602, 13435, 13436]) {
    assert.equal(reasonOf(answer(code)), 'unreachable', `${code}`)
  }
})

test('other faults of the server are told apart', () => {
  assert.equal(reasonOf(answer(13)), 'denied')
  assert.equal(reasonOf(answer(18)), 'denied')
  assert.equal(reasonOf(answer(50)), 'busy')
  assert.equal(reasonOf(answer(112)), 'locked')
  assert.equal(reasonOf(answer(14031)), 'full')
  assert.ok(isDuplicateKey(answer(11000)))
})

test('a command that the server does not understand is our defect, and tells no contents', () => {
  const explained = explainMongodbFailure(answer(2, 'bad value $argon2id$v=19$secret'))
  assert.ok(explained instanceof Error && !(explained instanceof StoreUnavailableError))
  assert.match(explained.message, /code 2/)
  assert.doesNotMatch(`${explained.message}${String(explained.cause)}`, /argon2id/)
})

test('other errors pass as they are', () => {
  const error = new TypeError('x is not a function')
  assert.equal(explainMongodbFailure(error), error)
  assert.equal(explainMongodbFailure('text'), 'text')
  assert.equal(explainConnection(error, 'host'), error)
})

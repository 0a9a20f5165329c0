import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { serveGuarded } from './guard-connections.ts'

const request = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'

async function serve(
  t: TestContext,
  listener: RequestListener,
  limits: Parameters<typeof serveGuarded>[2] = {},
): Promise<() => Socket> {
  const server = createServer()
  serveGuarded(server, listener, limits)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return () => {
    const socket = connect(port, '127.0.0.1').setEncoding('latin1')
    t.after(() => socket.destroy())
    return socket.on('error', () => undefined)
  }
}

test('requests that are sent ahead of their answers wait in small numbers, or the connection ends', async (t) => {
  const waiting: ServerResponse[] = []
  const open = await serve(t, (_request, response) => void waiting.push(response))
  const socket = open()
  const closed = once(socket, 'close')
  socket.write(request.repeat(1_500))
  await closed
  assert.ok(waiting.length <= 33, `${waiting.length} were let through`)
})

test('a few at a time are answered in their order, for as long as the connection lives', async (t) => {
  let count = 0
  const open = await serve(t, (_request, response) => {
    const name = `n${count++};`
    setImmediate(() => response.end(name))
  })
  const socket = open()
  let received = ''
  socket.on('data', (text: string) => (received += text))
  for (let round = 1; round <= 20; round++) {
    socket.write(request.repeat(20))
    while (!received.includes(`n${round * 20 - 1};`)) await once(socket, 'data')
  }
  const names = received.match(/n\d+;/g)
  assert.deepEqual(
    names,
    Array.from({ length: 400 }, (_, index) => `n${index};`),
  )
})

test('a connection on which nothing moves is closed, also in the middle of an answer', async (t) => {
  const ended = Promise.withResolvers<void>()
  const open = await serve(
    t,
    (_request, response) => {
      response.once('close', () => ended.resolve())
      // More than the buffers of both sides hold.
      response.end(Buffer.alloc(64 * 2 ** 20))
    },
    { silentForMs: 100 },
  )
  const socket = open()
  socket.pause()
  socket.write(request)
  await ended.promise
})

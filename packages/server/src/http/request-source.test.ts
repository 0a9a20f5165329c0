import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request as sendRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { describe, test, type TestContext } from 'node:test'
import { FetchSource, NodeSource, RequestAbortedError } from './request-source.ts'

const limitBytes = 100

/** Sends real requests to a real server, and gives what `look` saw of each. */
async function startServer<T>(
  t: TestContext,
  look: (incoming: IncomingMessage & { body?: unknown; rawBody?: unknown }) => Promise<T>,
) {
  const seen = Promise.withResolvers<T>()
  const server = createServer((incoming, response) => {
    look(incoming).then(seen.resolve, seen.reject)
    seen.promise.finally(() => response.end()).catch(() => undefined)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { port, seen: seen.promise }
}

async function send(
  port: number,
  body: string | undefined,
  headers: Record<string, string | string[]> = {},
): Promise<void> {
  const request = sendRequest({ port, host: '127.0.0.1', method: 'POST', headers, agent: false })
  request.on('error', () => undefined)
  request.end(body)
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  response.resume()
  await once(response, 'end')
}

function text(bytes: Uint8Array | 'too_large' | 'too_deep'): string {
  return typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString()
}

describe('a request of node:http', () => {
  test('gives its headers by name, and the address of its socket', async (t) => {
    const { port, seen } = await startServer(t, async (incoming) => {
      const source = new NodeSource(incoming)
      return [
        source.header('x-one'),
        source.header('cookie'),
        source.header('x-none'),
        source.header('x-forwarded-for'),
        source.remoteAddress,
      ]
    })
    const headers = {
      'X-One': 'a',
      cookie: ['a=1', 'b=2'],
      'x-forwarded-for': ['1.1.1.1', '2.2.2.2'],
    }
    await send(port, undefined, headers)
    assert.deepEqual(await seen, ['a', 'a=1; b=2', undefined, '1.1.1.1, 2.2.2.2', '127.0.0.1'])
  })

  test('joins what node keeps as a list', async (t) => {
    const { port, seen } = await startServer(t, async (incoming) =>
      new NodeSource(incoming).header('set-cookie'),
    )
    await send(port, undefined, { 'set-cookie': ['a=1', 'b=2'] })
    assert.equal(await seen, 'a=1, b=2')
  })

  test('gives its body, none at all, and too_large as soon as it passes the limit', async (t) => {
    for (const [body, expected] of [
      ['{"a":1}', '{"a":1}'],
      ['x'.repeat(limitBytes), 'x'.repeat(limitBytes)],
      ['x'.repeat(limitBytes + 1), 'too_large'],
      [undefined, ''],
    ] as const) {
      const { port, seen } = await startServer(t, (incoming) =>
        new NodeSource(incoming).readBody(limitBytes),
      )
      await send(port, body)
      assert.equal(text(await seen), expected)
    }
  })

  test('is let go once it was read or refused', async (t) => {
    for (const body of ['{"a":1}', 'x'.repeat(limitBytes + 1)]) {
      const { port, seen } = await startServer(t, async (incoming) => {
        const count = (): number =>
          ['data', 'end', 'error', 'close'].reduce(
            (sum, name) => sum + incoming.listenerCount(name),
            0,
          )
        const before = count()
        await new NodeSource(incoming).readBody(limitBytes)
        return count() - before
      })
      await send(port, body)
      assert.equal(await seen, 0)
    }
  })

  test('puts a body together that comes in pieces', async (t) => {
    const { port, seen } = await startServer(t, (incoming) =>
      new NodeSource(incoming).readBody(limitBytes),
    )
    const request = sendRequest({ port, host: '127.0.0.1', method: 'POST', agent: false })
    request.flushHeaders()
    await once(request, 'socket')
    request.write('{"a"')
    request.write(':1')
    request.end('}')
    assert.equal(text(await seen), '{"a":1}')
  })

  test('is told apart when its client goes away in the middle of the body', async (t) => {
    const { port, seen } = await startServer(t, (incoming) =>
      new NodeSource(incoming).readBody(limitBytes),
    )
    const socket = connect(port, '127.0.0.1')
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{"a"', () =>
      socket.destroy(),
    )
    await assert.rejects(seen, RequestAbortedError)
  })

  test('is told apart when its client is gone before anybody reads', async (t) => {
    const { port, seen } = await startServer(t, async (incoming) => {
      incoming.on('error', () => undefined)
      if (!incoming.destroyed) await new Promise((resolve) => incoming.once('close', resolve))
      return new NodeSource(incoming).readBody(limitBytes)
    })
    const socket = connect(port, '127.0.0.1')
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{"a"', () =>
      socket.destroy(),
    )
    await assert.rejects(seen, RequestAbortedError)
  })
})

describe('a request whose body the host has read already', () => {
  test('gives what the host parsed, measured again', async (t) => {
    const bodies: [unknown, string][] = [
      [{ a: 1 }, '{"a":1}'],
      ['{"a":1}', '{"a":1}'],
      [Buffer.from('{"a":1}'), '{"a":1}'],
      ['x'.repeat(limitBytes), 'x'.repeat(limitBytes)],
      [{ a: 'x'.repeat(200) }, 'too_large'],
      [null, 'null'],
    ]
    for (const [parsed, expected] of bodies) {
      const { port, seen } = await startServer(t, async (incoming) => {
        await drain(incoming)
        incoming.body = parsed
        return new NodeSource(incoming).readBody(limitBytes)
      })
      await send(port, '{}')
      assert.equal(text(await seen), expected)
    }
  })

  test('gives the raw bytes before the parsed value, duplicate members included', async (t) => {
    const raw = '{"role":"user","role":"admin"}'
    const { port, seen } = await startServer(t, async (incoming) => {
      await drain(incoming)
      incoming.rawBody = Buffer.from(raw)
      incoming.body = { role: 'admin' }
      return new NodeSource(incoming).readBody(limitBytes)
    })
    await send(port, raw)
    assert.equal(text(await seen), raw)
  })

  test('is empty when the host read it and kept nothing', async (t) => {
    const { port, seen } = await startServer(t, async (incoming) => {
      await drain(incoming)
      return new NodeSource(incoming).readBody(limitBytes)
    })
    await send(port, '{"a":1}')
    assert.equal(text(await seen), '')
  })

  test('is read by us when the host left a value and the bytes alone', async (t) => {
    const { port, seen } = await startServer(t, (incoming) => {
      incoming.body = {}
      return new NodeSource(incoming).readBody(limitBytes)
    })
    await send(port, '{"a":1}')
    assert.equal(text(await seen), '{"a":1}')
  })
})

describe('a request of the Fetch standard', () => {
  test('gives headers, address and body', async () => {
    const request = new Request('http://localhost/', { method: 'POST', body: '{"a":1}' })
    request.headers.set('x-one', 'a')
    const source = new FetchSource(request, '203.0.113.9')
    assert.equal(source.header('x-one'), 'a')
    assert.equal(source.header('x-none'), undefined)
    assert.equal(source.remoteAddress, '203.0.113.9')
    assert.equal(text(await source.readBody(limitBytes)), '{"a":1}')
  })

  test('keeps two cookies of one name apart, so that they count as ambiguous', () => {
    const request = new Request('http://localhost/')
    request.headers.append('cookie', 'a=1')
    request.headers.append('cookie', 'a=2')
    assert.equal(new FetchSource(request, undefined).header('cookie'), 'a=1; a=2')
  })

  test('has an empty body when it has none', async () => {
    const source = new FetchSource(new Request('http://localhost/'), undefined)
    assert.equal(text(await source.readBody(limitBytes)), '')
  })

  test('is read no further than the limit, however long it goes on', async () => {
    let pulled = 0
    const endless = new ReadableStream({
      pull: (controller) => {
        pulled++
        controller.enqueue(new Uint8Array(60))
      },
    })
    const source = new FetchSource(post(endless), undefined)
    assert.equal(await source.readBody(limitBytes), 'too_large')
    assert.ok(pulled <= 4, `${pulled} chunks`)
    const full = new FetchSource(post('x'.repeat(limitBytes)), undefined)
    assert.equal(text(await full.readBody(limitBytes)).length, limitBytes)
  })

  test('whose body breaks off was aborted, and is no failure of the server', async () => {
    let isFirst = true
    const broken = new ReadableStream({
      pull: (controller) => {
        if (isFirst) controller.enqueue(new Uint8Array(6))
        else controller.error(new Error('The connection was closed'))
        isFirst = false
      },
    })
    const source = new FetchSource(post(broken), undefined)
    await assert.rejects(source.readBody(limitBytes), RequestAbortedError)
  })

  test('whose body a host has read already is a mistake of the host', async () => {
    const request = post('{}')
    await request.text()
    await assert.rejects(new FetchSource(request, undefined).readBody(limitBytes), TypeError)
  })
})

async function drain(incoming: IncomingMessage): Promise<void> {
  incoming.resume()
  if (!incoming.readableEnded) await once(incoming, 'end')
}

function post(body: string | ReadableStream): Request {
  return new Request('http://localhost/', { method: 'POST', body, duplex: 'half' } as RequestInit)
}

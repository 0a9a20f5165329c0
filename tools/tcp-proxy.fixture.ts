// A network that misbehaves on demand: a proxy on the loopback interface between a client and a real server.

import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { TestContext } from 'node:test'

export interface TcpProxy {
  readonly port: number
  /** Where new connections lead: an address that follows a primary. */
  target: number
  /** `hold` keeps every byte, both ways, as a network that drops packets; held bytes go on when it passes again. */
  mode: 'pass' | 'hold' | 'refuse'
  /** Before each piece is handed on, both ways. */
  delayMs: number
  /** Breaks every connection. */
  cut(): void
  /**
   * Breaks the next connection that sends this text: `unsent`, before the server has it; `unanswered`, when the
   * server's answer arrives, which the client then never sees; `halfway`, when half of a piece of it has gone through.
   * How often it happened is counted.
   */
  cutOn(text: string, when: CutWhen, times?: number): { readonly count: () => number }
  /** Connections now. */
  connections(): number
}

type CutWhen = 'unsent' | 'unanswered' | 'halfway'

interface Trap {
  readonly text: string
  readonly when: CutWhen
  left: number
  count: number
}

export async function startProxy(t: TestContext, targetPort: number): Promise<TcpProxy> {
  const pairs = new Set<Pair>()
  const traps: Trap[] = []
  const server = createServer((client) => {
    if (proxy.mode === 'refuse') client.destroy()
    else pairs.add(new Pair(client, connect(proxy.target, '127.0.0.1'), proxy, traps, pairs))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  let mode: TcpProxy['mode'] = 'pass'
  const proxy: TcpProxy = {
    port: typeof address === 'object' && address ? address.port : 0,
    target: targetPort,
    delayMs: 0,
    get mode() {
      return mode
    },
    set mode(next) {
      mode = next
      if (mode === 'pass') for (const pair of pairs) pair.release()
    },
    cut: () => {
      for (const pair of pairs) pair.break()
    },
    cutOn: (text, when, times = 1) => {
      const trap = { text, when, left: times, count: 0 }
      traps.push(trap)
      return { count: () => trap.count }
    },
    connections: () => pairs.size,
  }
  t.after(() => {
    proxy.cut()
    server.close()
  })
  return proxy
}

class Pair {
  readonly #client: Socket
  readonly #server: Socket
  readonly #proxy: TcpProxy
  readonly #traps: readonly Trap[]
  readonly #pairs: Set<Pair>
  #held: (() => void)[] = []
  #doom: CutWhen | undefined

  constructor(
    client: Socket,
    server: Socket,
    proxy: TcpProxy,
    traps: readonly Trap[],
    pairs: Set<Pair>,
  ) {
    this.#client = client
    this.#server = server
    this.#proxy = proxy
    this.#traps = traps
    this.#pairs = pairs
    client.on('data', (data: Buffer) => this.#fromClient(data))
    server.on('data', (data: Buffer) => this.#fromServer(data))
    for (const socket of [client, server]) {
      socket.on('error', () => this.break())
      socket.on('close', () => this.#later(() => this.break()))
    }
  }

  break(): void {
    this.#pairs.delete(this)
    this.#client.destroy()
    this.#server.destroy()
  }

  release(): void {
    const held = this.#held
    this.#held = []
    for (const act of held) act()
  }

  #fromClient(data: Buffer): void {
    const trap = this.#traps.find(({ text, left }) => left > 0 && data.includes(text))
    if (trap === undefined) {
      this.#pass(this.#server, data)
      return
    }
    trap.left--
    trap.count++
    if (trap.when === 'unsent') {
      this.break()
    } else {
      this.#doom = trap.when
      this.#pass(this.#server, data)
    }
  }

  #fromServer(data: Buffer): void {
    if (this.#doom === undefined) {
      this.#pass(this.#client, data)
    } else if (this.#doom === 'halfway') {
      this.#client.end(data.subarray(0, Math.ceil(data.length / 2)), () => this.break())
    } else {
      this.break()
    }
  }

  #pass(target: Socket, data: Buffer): void {
    this.#later(() => target.write(data))
  }

  #later(act: () => void): void {
    if (this.#proxy.mode === 'hold' || this.#held.length > 0) this.#held.push(act)
    else if (this.#proxy.delayMs > 0) setTimeout(act, this.#proxy.delayMs)
    else act()
  }
}

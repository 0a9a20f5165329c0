// A prepared statement in one packet, and several executions of it, too: the driver's own query writes four messages one
// by one, asks each time how the rows will look, and builds a result that nobody reads; and each packet costs a system call
// and wakes a process of the server. This is the interface that the driver has for other kinds of query (`Submittable`),
// which pg-cursor and pg-query-stream use too.

import type { Connection, PoolClient, Submittable } from 'pg'

/** What callers read of an answer. */
export interface PostgresAnswer {
  readonly rows: Record<string, unknown>[]
  readonly rowCount: number | null
}

export interface NamedStatement {
  /** Derived from the text. */
  readonly name: string
  readonly text: string
}

/** The arguments of one execution, in the order of the placeholders. */
export type Arguments = readonly unknown[]

/** An answer for each execution, in their order. */
type Done = (error: Error | null, answers: PostgresAnswer[] | undefined) => void
type Parse = (text: string) => unknown

interface Column {
  readonly name: string
  readonly parse: Parse
}

/** How the rows of each statement look, by its name. */
export type KnownRows = Map<string, readonly Column[]>

/** Executions of one statement, which share a transaction. */
export interface Executions {
  readonly statement: NamedStatement
  readonly all: readonly Arguments[]
  /** How long each of them may wait for a lock; without it, what the connection is set to. */
  readonly lockTimeoutMs?: number | undefined
}

/**
 * Prepares a statement where the connection has not, and carries it out once with each of the arguments. The executions
 * share one transaction, which is committed when `done` hears of their answers, and in which each sees what was committed
 * before it began. An error undoes them all.
 *
 * @param known shared by all connections of a pool
 * @throws TypeError for a value that PostgreSQL cannot be given; nothing was sent then
 */
export function sendPrepared(
  client: PoolClient,
  executions: Executions,
  known: KnownRows,
  done: Done,
): void {
  const { statement, all } = executions
  const isKnown = known.has(statement.name)
  const executed = encodeExecutions(statement.name, all, isKnown ? 'known' : 'asked')
  const learn = ({ fields }: RowDescription): void => {
    const columns = fields.map(({ name, dataTypeID }) => ({
      name,
      parse: client.getTypeParser(dataTypeID, 'text') as Parse,
    }))
    known.set(statement.name, columns)
  }
  client.query(new PreparedExecutions(executions, executed, known, learn, done))
}

interface RowDescription {
  readonly fields: readonly { readonly name: string; readonly dataTypeID: number }[]
}

/** Called by the driver's client as the messages of the answer come in. */
class PreparedExecutions implements Submittable {
  /** The client puts its time limit around it. */
  callback: Done
  /** By these two the client keeps account of what the connection has prepared. */
  readonly name: string
  readonly text: string
  readonly handleRowDescription: (description: RowDescription) => void
  readonly #executed: Buffer
  readonly #known: KnownRows
  readonly #lockTimeoutMs: number | undefined
  /** The answer to the limit comes before those of the executions. */
  #isLimiting: boolean
  readonly #answers: PostgresAnswer[] = []
  #rows: Record<string, unknown>[] = []

  constructor(
    { statement: { name, text }, lockTimeoutMs }: Executions,
    executed: Buffer,
    known: KnownRows,
    learn: (description: RowDescription) => void,
    done: Done,
  ) {
    this.name = name
    this.text = text
    this.handleRowDescription = learn
    this.#executed = executed
    this.#known = known
    this.#lockTimeoutMs = lockTimeoutMs
    this.#isLimiting = lockTimeoutMs !== undefined
    this.callback = done
  }

  submit(connection: Connection): void {
    const { stream } = connection
    if (!stream.writable) return
    const parsed = parsedBy(connection)
    const packet: Buffer[] = []
    // Before the other, for the client takes the answer to any Parse of this packet for the one to this.
    if (parsed[this.name] === undefined) packet.push(encodeParse(this.name, this.text))
    if (this.#lockTimeoutMs !== undefined) {
      if (parsed[limitLocks.name] === undefined) {
        packet.push(encodeParse(limitLocks.name, limitLocks.text))
      }
      packet.push(encodeExecution(limitLocks.name, [`${this.#lockTimeoutMs}`]))
    }
    packet.push(this.#executed)
    stream.write(packet.length === 1 ? this.#executed : Buffer.concat(packet))
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    if (this.#isLimiting) return
    const row: Record<string, unknown> = {}
    const columns = this.#known.get(this.name) ?? []
    for (let index = 0; index < columns.length; index++) {
      const column = columns[index]
      const text = fields[index] ?? null
      if (column) row[column.name] = text === null ? null : column.parse(text)
    }
    this.#rows.push(row)
  }

  /** `SELECT 1`, `INSERT 0 1`: one execution is done, but not committed. */
  handleCommandComplete({ text }: { readonly text: string }, connection: Connection): void {
    if (this.#isLimiting) {
      this.#isLimiting = false
      parsedBy(connection)[limitLocks.name] = limitLocks.text
      return
    }
    const rowCount = Number(text.slice(text.lastIndexOf(' ') + 1))
    this.#answers.push({ rows: this.#rows, rowCount })
    // It answers with no rows: the server said so with another message than a description.
    if (!this.#known.has(this.name)) this.#known.set(this.name, [])
    this.#rows = []
  }

  handleReadyForQuery(): void {
    this.callback(null, this.#answers)
  }

  handleError(error: Error): void {
    this.callback(error, undefined)
  }

  // What the protocol does not bring in answer to these messages.
  handlePortalSuspended(): void {}
  handleEmptyQuery(): void {}
  handleCopyInResponse(): void {}
  handleCopyData(): void {}
}

/** For the rest of the transaction. */
const limitLocks: NamedStatement = {
  name: 'limit locks',
  text: "SELECT set_config('lock_timeout', $1, true)",
}

/** What the client knows to be prepared on the connection. */
function parsedBy(connection: Connection): Record<string, unknown> {
  return (connection as { parsedStatements?: Record<string, unknown> }).parsedStatements ?? {}
}

const bindCode = 0x42
const absent = -1
// Of the unnamed portal: Describe, and Execute without a limit of rows; Sync; and the beginning of Parse (PostgreSQL
// documentation, "Message Formats").
const describe = Buffer.from('44000000065000', 'hex')
const execute = Buffer.from('45000000090000000000', 'hex')
const sync = Buffer.from('5300000004', 'hex')
const parseCode = 0x50

/** Parse of a statement under this name; the types of its arguments are the server's to find. */
function encodeParse(name: string, text: string): Buffer {
  const content = Buffer.from(`${name}\0${text}\0\0\0`)
  const head = Buffer.allocUnsafe(5)
  head[0] = parseCode
  head.writeInt32BE(4 + content.length, 1)
  return Buffer.concat([head, content])
}

/**
 * Bind of a prepared statement to the unnamed portal and Execute, for each of them; one Sync. Results come as text.
 * @param rows whether it has to be asked how they look
 */
function encodeExecutions(
  name: string,
  executions: readonly Arguments[],
  rows: 'known' | 'asked' = 'known',
): Buffer {
  const bound = executions.map((values) => values.map(toParameter))
  const nameSize = Buffer.byteLength(name)
  const binds = bound.reduce((sum, parameters) => sum + bindSize(nameSize, parameters), 0)
  const question = rows === 'asked' ? describe : noQuestion
  const packet = Buffer.allocUnsafe(
    binds + question.length + execute.length * bound.length + sync.length,
  )
  let at = 0
  for (const [index, parameters] of bound.entries()) {
    at = writeBind(packet, name, bindSize(nameSize, parameters), parameters, at)
    if (index === 0) at += question.copy(packet, at)
    at += execute.copy(packet, at)
  }
  sync.copy(packet, at)
  return packet
}

/** As above, of one that has no Sync yet. */
function encodeExecution(name: string, parameters: readonly Parameter[]): Buffer {
  const size = bindSize(Buffer.byteLength(name), parameters)
  const packet = Buffer.allocUnsafe(size + execute.length)
  execute.copy(packet, writeBind(packet, name, size, parameters, 0))
  return packet
}

const noQuestion = Buffer.alloc(0)

type Parameter = string | Uint8Array | null

function bindSize(nameSize: number, parameters: readonly Parameter[]): number {
  let size = 1 + 4 + 1 + nameSize + 1 + 2 + 2 * parameters.length + 2 + 2 + 2
  for (const parameter of parameters) {
    size += 4
    if (parameter !== null) size += byteLength(parameter)
  }
  return size
}

function writeBind(
  packet: Buffer,
  name: string,
  size: number,
  parameters: readonly Parameter[],
  start: number,
): number {
  packet[start] = bindCode
  let at = packet.writeInt32BE(size - 1, start + 1)
  packet[at++] = 0
  at += packet.write(name, at)
  packet[at++] = 0
  at = packet.writeInt16BE(parameters.length, at)
  for (const parameter of parameters) {
    at = packet.writeInt16BE(typeof parameter === 'string' || parameter === null ? 0 : 1, at)
  }
  at = packet.writeInt16BE(parameters.length, at)
  for (const parameter of parameters) at = writeParameter(packet, parameter, at)
  // One format for all columns of the result: text.
  at = packet.writeInt16BE(1, at)
  return packet.writeInt16BE(0, at)
}

function writeParameter(packet: Buffer, parameter: Parameter, at: number): number {
  if (parameter === null) return packet.writeInt32BE(absent, at)
  const start = packet.writeInt32BE(byteLength(parameter), at)
  if (typeof parameter === 'string') return start + packet.write(parameter, start)
  packet.set(parameter, start)
  return start + parameter.length
}

function byteLength(parameter: string | Uint8Array): number {
  return typeof parameter === 'string' ? Buffer.byteLength(parameter) : parameter.length
}

/** As the stores bind them: anything else would be a defect here. */
function toParameter(value: unknown): Parameter {
  if (typeof value === 'string' || value instanceof Uint8Array) return value
  if (typeof value === 'number') return `${value}`
  if (value === null) return null
  throw new TypeError(`PostgreSQL cannot be given ${typeof value}`)
}
